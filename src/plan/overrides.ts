import type { Override } from "../recipe/types.ts";
import { didYouMean } from "../nearest.ts";
import type { PlanContext } from "./context.ts";
import { matchesGlob } from "../recipe/glob.ts";
import type { Row } from "./row.ts";

function matches({ tensors, layers }: Override, { name, layer }: Row): boolean {
  if (tensors !== undefined && !tensors.some((glob) => matchesGlob(glob, name))) return false;
  if (layers === undefined) return true;
  return layer !== undefined && layer.layer >= layers[0] && layer.layer < layers[1];
}

/** The first override that matches a tensor of the output. */
export function overrideFor(overrides: readonly Override[], row: Row): Override | undefined {
  return overrides.find((override) => matches(override, row));
}

/** Overrides that no tensor of the output is left to. */
export function reportUnusedOverrides(rows: readonly Row[], { recipe, findings }: PlanContext): void {
  const { overrides } = recipe;
  const used = new Set(rows.map((row) => overrideFor(overrides, row)));
  for (const override of overrides) {
    if (used.has(override)) continue;
    const shadowed = rows.some((row) => matches(override, row));
    findings.add(`override|${overrides.indexOf(override)}`, "", {
      code: "PLAN_NO_MATCH",
      severity: "error",
      sentence: () =>
        shadowed
          ? "Every tensor that this override matches is taken by an earlier one."
          : `No tensor of the output matches this override.${suggestion(override, rows)}`,
      position: override.position,
      hint: shadowed
        ? "The first override that matches wins: put the narrower one first."
        : "`tensors` are globs over the whole name of output tensors, `layers` a half-open range of output layers.",
    });
  }
}

function suggestion({ tensors, layers }: Override, rows: readonly Row[]): string {
  const named = rows.filter(({ name }) => tensors?.some((glob) => matchesGlob(glob, name)) ?? true);
  if (layers !== undefined && named.length > 0) {
    const numbers = named.flatMap(({ layer }) => layer?.layer ?? []);
    const last = numbers.reduce((largest, number) => Math.max(largest, number), -1);
    return last < 0 ? " No tensor name has a layer number." : ` The last layer is ${last}.`;
  }
  const globs = tensors ?? [];
  const inner = globs.find((glob) => rows.some(({ name }) => name.includes(glob)));
  if (inner !== undefined) return ` Did you mean "*${inner}*"?`;
  const [first = ""] = globs;
  return didYouMean(
    first,
    rows.map(({ name }) => name),
  );
}
