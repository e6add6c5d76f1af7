import type { RecipeSlice } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { layerKeysOf } from "./layer-keys.ts";
import type { PlanContext } from "./context.ts";
import { deepestStack, depthOf, stacksOf } from "../tensor/stacks.ts";
import type { Stacks } from "../tensor/stacks.ts";

/** Model and prefix of each stack whose layers differ from the donor's, as `stackKey` writes them. */
export type UnequalStacks = ReadonlySet<string>;

/** Refuses sources of a slice that have another number of layers than the leading one, stack by stack. */
export function checkLayerCounts(
  slice: RecipeSlice,
  lead: ModelHeaders,
  stacks: Stacks,
  context: PlanContext,
): UnequalStacks {
  const unequal = new Set<string>();
  for (const source of slice.sources) {
    const model = context.table.at(context.table.position(source.model));
    const own = stacksOf(model.tensors.keys());
    warnOfMissingLayers(model, own, context);
    for (const [prefix, stack] of stacks) {
      const found = own.get(prefix);
      if (found === undefined || depthOf(found) === depthOf(stack)) continue;
      unequal.add(stackKey(model, prefix));
      context.findings.add(`layers|${model.reference}|${prefix}`, model.reference, {
        code: "PLAN_LAYER_COUNT",
        severity: "error",
        sentence: () =>
          `${referenceText(source.model)} has ${depthOf(found)} layers in ${prefix}, ` +
          `${lead.reference} has ${depthOf(stack)}.`,
        position: source.position,
        hint: "Use `slices` with a `layer_range` for each model to say which layers belong together.",
      });
    }
  }
  return unequal;
}

export function stackKey(model: ModelHeaders, prefix: string | undefined): string {
  return `${model.reference}\n${prefix ?? ""}`;
}

/** Fewer layers than the config says mean that a part of the model is not there. */
function warnOfMissingLayers(model: ModelHeaders, stacks: Stacks, { findings }: PlanContext): void {
  const stack = deepestStack(stacks);
  const stated = stack === undefined || stacks.size !== 1 ? undefined : layerKeysOf(model, stack)[0];
  if (stack === undefined || stated === undefined) return;
  if (depthOf(stack) >= stated.count) return;
  findings.add(`config layers|${model.reference}`, model.reference, {
    code: "PLAN_LAYER_COUNT",
    severity: "warning",
    sentence: () =>
      `The config of ${model.reference} says ${stated.count} layers (${stated.path}), its weights have ${depthOf(stack)}.`,
    hint: "Check that all weight files of the model are there.",
  });
}
