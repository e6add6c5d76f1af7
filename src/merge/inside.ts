import { isComputable } from "../engine/computable.ts";
import type { MergeOptions } from "../engine/options.ts";
import type { AnyMethod } from "../methods/define.ts";
import { MEASURE, passesOf } from "../plan/reads.ts";
import type { MergePlan, PlannedIntermediate } from "../plan/types.ts";
import type { NamedRecipe } from "../recipe/types.ts";
import type { Step } from "./plan-step.ts";
import { withMadeBy } from "./step-models.ts";

/** Results computed inside results computed inside others: each level has tiles of its own in every worker. */
const MOST_LEVELS = 4;

/** Bytes that may be read for each that a folder would have moved: it would take room on the disk as well. */
const MOST_TIMES_MOVED = 2;

export type InsideOptions = Pick<MergeOptions, "keepIntermediate" | "noStore">;

/** Where each result that others take is computed, by its name. */
export type Places = ReadonlyMap<string, PlannedIntermediate["computed"]>;

/**
 * Results are computed inside the merges that take them where each element follows from the same element of the inputs
 * (once inner products are known), nobody wants to keep the result, and a folder would not spare most of the reading.
 * `steps` has each after those that it needs.
 */
export function placesOf(
  steps: readonly Step<NamedRecipe>[],
  output: Step,
  methods: readonly AnyMethod[],
  options: InsideOptions,
): Places {
  const levels = new Map<string, number>();
  for (const step of steps) {
    const level = 1 + Math.max(0, ...[...step.models.keys()].map((name) => levels.get(name) ?? 0));
    const kept = options.keepIntermediate !== undefined;
    if (kept || level > MOST_LEVELS || isStreamed(step, options) || !isComputable(step.plan, methods))
      continue;
    levels.set(step.recipe.name, level);
  }
  const places = new Map<string, PlannedIntermediate["computed"]>();
  const takers = [{ models: output.models, readings: output.plan.passes.length }];
  for (const { recipe, models, plan } of steps.toReversed()) {
    const readings = takers.reduce(
      (sum, each) => sum + (each.models.has(recipe.name) ? each.readings : 0),
      0,
    );
    const inside = levels.has(recipe.name) && pays(plan, readings);
    places.set(recipe.name, inside ? "inside" : "folder");
    takers.push({ models, readings: plan.passes.length - 1 + (inside ? readings : 1) });
  }
  return places;
}

/** Weights that pass through a spool come for one merge and one pass at a time. */
function isStreamed({ models }: Step, { noStore = false }: InsideOptions): boolean {
  return noStore && [...models.values()].some(({ hub }) => (hub?.missing.length ?? 0) > 0);
}

/** A folder costs reading the inputs once, writing the result, and reading it as often as it is read; and room for it. */
function pays({ tensors, passes }: MergePlan, readings: number): boolean {
  const input = passes.at(-1)?.readBytes ?? 0;
  const result = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return readings * input <= MOST_TIMES_MOVED * (input + result + readings * result);
}

/** True if coefficients have to be found before a result can be computed inside others. */
export function isMeasured({ passes }: MergePlan): boolean {
  return passes.some(({ name }) => name === MEASURE);
}

/** The plan as far as its coefficients need it. */
export function measuringOf(plan: MergePlan): MergePlan {
  return { ...plan, passes: plan.passes.filter(({ name }) => name === MEASURE) };
}

/** The steps' plans; their passes count what is read for results that are computed inside them. */
export function countInside(
  steps: readonly Step[],
  places: Places,
  methods: readonly AnyMethod[],
): readonly MergePlan[] {
  const made = new Map<string, MergePlan>();
  return steps.map(({ recipe: { name }, plan }) => {
    const resolved = withMadeBy(plan, made);
    if (name !== undefined && places.get(name) === "inside") made.set(name, resolved);
    return { ...plan, passes: passesOf(resolved.tensors, methods, resolved.models) };
  });
}
