import { matchesFilter } from "../recipe/settings.ts";
import type { Setting, Settings } from "../recipe/types.ts";
import { didYouMean } from "../nearest.ts";
import type { PlanContext } from "./context.ts";
import type { Row } from "./row.ts";

/** Filters of conditional settings that are part of no tensor's name. */
export function reportUnmatchedFilters(rows: readonly Row[], context: PlanContext): void {
  const { recipe } = context;
  const all = namesOf(rows);
  report(recipe.parameters, all, context);
  for (const override of recipe.overrides) report(override.parameters, all, context, true);
  for (const module of recipe.modules) {
    report(module.parameters, namesOf(rows.filter((row) => row.module === module)), context);
    for (const slice of module.slices) {
      const own = rows.filter((row) => row.slice === slice);
      report(slice.parameters, namesOf(own), context);
      slice.sources.forEach((source, at) => {
        report(source.parameters, new Set(own.map((row) => row.sourceNames[at] ?? row.name)), context);
      });
    }
  }
}

/** Filters are tried on names in the output and in the inputs. */
function namesOf(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(rows.flatMap((row) => [row.name, ...row.sourceNames]));
}

function report(
  settings: Settings,
  names: ReadonlySet<string>,
  { findings }: PlanContext,
  inOverride = false,
): void {
  for (const [parameter, setting] of settings) {
    for (const filter of filtersOf(setting)) {
      if ([...names].some((name) => matchesFilter(filter, name, inOverride))) continue;
      const { position } = setting;
      findings.add(`filter|${position.line}|${position.column}|${filter}`, filter, {
        code: "PLAN_NO_MATCH",
        severity: "warning",
        sentence: (quoted) =>
          `The filter ${quoted} of "${parameter}" is part of no tensor's name.${didYouMean(filter, partsOf(names))}`,
        position,
        hint: /[*?]/.test(filter)
          ? "A filter is a plain piece of a tensor name; * and ? are wild in overrides only, over the whole name."
          : "A filter is a plain piece of a tensor name, upper and lower case told apart.",
      });
    }
  }
}

function filtersOf({ value }: Setting): string[] {
  if (typeof value !== "object" || !("conditions" in value)) return [];
  return value.conditions.flatMap(({ filter }) => (filter === undefined || filter === "*" ? [] : filter));
}

/** Components of names and neighbours of them: "q_proj", "self_attn.q_proj". */
function partsOf(names: ReadonlySet<string>): ReadonlySet<string> {
  const parts = new Set<string>();
  for (const name of names) {
    const pieces = name.split(".");
    for (const piece of pieces) parts.add(piece);
    pieces.slice(1).forEach((piece, at) => parts.add(`${pieces[at] ?? ""}.${piece}`));
  }
  return parts;
}
