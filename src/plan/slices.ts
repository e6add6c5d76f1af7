import type { RecipeSlice, RecipeSource } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import type { PlanContext } from "./context.ts";
import { deepestStack, depthOf, stacksOf } from "./layers.ts";
import type { Stack } from "./layers.ts";
import { stackedNames } from "./slice-names.ts";
import type { SliceNames, SourceLayers, StackedSlice } from "./slice-names.ts";

interface RangeOfLayers extends SourceLayers {
  readonly end: number;
}

/** Position among a slice's sources of the one whose tensors the output has: the base, or without one the first. */
export function leadOf(slice: RecipeSlice, { recipe }: PlanContext): number {
  const base = slice.baseModel ?? recipe.baseModel;
  if (base === undefined) return 0;
  return Math.max(
    0,
    slice.sources.findIndex(({ model }) => referenceText(model) === referenceText(base)),
  );
}

/** Names for each slice of a recipe with `slices`; empty if something about its layers is wrong. */
export function stackSlices(context: PlanContext): SliceNames[] {
  const { slices } = context.recipe;
  const stacked: StackedSlice[] = [];
  let firstLayer = 0;
  slices.forEach((slice, position) => {
    const ranges = slice.sources.map((source) => rangeOf(source, context));
    const sources = ranges.filter((range) => range !== undefined);
    const count = commonLength(slice, sources, context);
    if (sources.length < ranges.length || count === undefined) return;
    const lead = leadOf(slice, context);
    const prefix = stacked[0]?.prefix ?? sources[lead]?.prefix ?? "";
    const ends = { opens: position === 0, closes: position === slices.length - 1 };
    stacked.push({ slice, lead, sources, count, firstLayer, prefix, ...ends });
    firstLayer += count;
  });
  return stacked.length < slices.length ? [] : stacked.map(stackedNames);
}

function rangeOf(source: RecipeSource, context: PlanContext): RangeOfLayers | undefined {
  const model = context.table.at(context.table.position(source.model));
  const stack = onlyStack(model, source, context);
  if (stack === undefined) return undefined;
  const depth = depthOf(stack);
  const [start, end] = source.layerRange ?? [0, depth];
  if (start >= 0 && start < end && end <= depth) return { prefix: stack.prefix, start, end };
  context.findings.add(`range|${model.reference}|${start}|${end}`, model.reference, {
    code: "PLAN_LAYER_RANGE",
    severity: "error",
    sentence: () =>
      `Layers [${start}, ${end}) are not in ${model.reference}, which has the layers [0, ${depth}).`,
    position: source.position,
    hint: "A layer range is half-open: its end is the first layer that is not taken.",
  });
  return undefined;
}

function onlyStack(model: ModelHeaders, source: RecipeSource, context: PlanContext): Stack | undefined {
  const stacks = stacksOf(model.tensors.keys());
  if (stacks.size === 1) return deepestStack(stacks);
  const none = stacks.size === 0;
  context.findings.add(`stacks|${model.reference}`, model.reference, {
    code: none ? "PLAN_NO_LAYERS" : "RECIPE_UNSUPPORTED",
    severity: "error",
    sentence: () =>
      none
        ? `No tensor name of ${model.reference} has a layer number, so slices cannot be taken from it.`
        : `${model.reference} has several stacks of layers (${[...stacks.keys()].join(", ")}); slices need a model with one.`,
    position: source.position,
    hint: "Use `models` in place of `slices`: it merges every tensor under its own name.",
  });
  return undefined;
}

function commonLength(
  slice: RecipeSlice,
  ranges: readonly RangeOfLayers[],
  { findings }: PlanContext,
): number | undefined {
  const lengths = new Set(ranges.map(({ start, end }) => end - start));
  if (lengths.size <= 1) return [...lengths][0];
  const shown = ranges.map(({ start, end }) => `[${start}, ${end})`).join(", ");
  findings.add(`length|${slice.position.line}|${slice.position.column}`, shown, {
    code: "PLAN_LAYER_RANGE",
    severity: "error",
    sentence: () => `The sources of a slice give different numbers of layers: ${shown}.`,
    position: slice.position,
    hint: "Layers are merged one by one, so all ranges of a slice must have the same length.",
  });
  return undefined;
}
