import type { RecipeSlice, RecipeSource } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import type { PlanContext } from "./context.ts";
import type { Part } from "./modules.ts";
import { deepestStack, depthOf, stacksOf } from "../tensor/stacks.ts";
import type { Stack } from "../tensor/stacks.ts";
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

/** Names for each slice of a part with `slices`; empty if something about its layers is wrong. */
export function stackSlices(part: Part, context: PlanContext): SliceNames[] {
  const { owns } = part;
  const { slices } = part.module;
  const stacked: StackedSlice[] = [];
  let firstLayer = 0;
  slices.forEach((slice, position) => {
    const ranges = slice.sources.map((source) => rangeOf(source, part, context));
    const sources = ranges.filter((range) => range !== undefined);
    const count = commonLength(slice, sources, context);
    if (sources.length < ranges.length || count === undefined) return;
    const lead = leadOf(slice, context);
    const prefix = stacked[0]?.prefix ?? sources[lead]?.prefix ?? "";
    const ends = { opens: position === 0, closes: position === slices.length - 1 };
    stacked.push({ slice, lead, owns, sources, count, firstLayer, prefix, ...ends });
    firstLayer += count;
  });
  return stacked.length < slices.length ? [] : stacked.map(stackedNames);
}

function rangeOf(source: RecipeSource, part: Part, context: PlanContext): RangeOfLayers | undefined {
  const model = context.table.at(context.table.position(source.model));
  const stack = onlyStack(model, source, part, context);
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

function onlyStack(
  model: ModelHeaders,
  source: RecipeSource,
  { module, owns }: Part,
  context: PlanContext,
): Stack | undefined {
  const stacks = stacksOf([...model.tensors.keys()].filter(owns));
  if (stacks.size === 1) return deepestStack(stacks);
  const of = module.name === undefined ? model.reference : `${module.name} of ${model.reference}`;
  const none = stacks.size === 0;
  context.findings.add(`stacks|${of}`, model.reference, {
    code: none ? "PLAN_NO_LAYERS" : "PLAN_MODULE",
    severity: "error",
    sentence: () =>
      none
        ? `No tensor name of ${of} has a layer number, so slices cannot be taken from it.`
        : `${of} has several stacks of layers (${[...stacks.keys()].join(", ")}), and slices do not say which.`,
    position: source.position,
    hint: none
      ? "Use `models` in place of `slices`: it merges every tensor under its own name."
      : "Name the parts under `modules`, each with its own `slices` or `models`.",
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
