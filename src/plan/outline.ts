import type { ModelHeaders } from "../sources/types.ts";
import type { PlanContext } from "./context.ts";
import { stacksOf } from "./layers.ts";
import { checkLayerCounts, stackKey } from "./layer-counts.ts";
import type { UnequalStacks } from "./layer-counts.ts";
import { isOptional } from "./match-tensors.ts";
import { DONOR } from "./models.ts";
import type { Row } from "./row.ts";
import { wholeModelNames } from "./slice-names.ts";
import type { SliceNames } from "./slice-names.ts";
import { leadOf, stackSlices } from "./slices.ts";
import { tiedEmbedding } from "./tied.ts";

export interface Outline {
  readonly rows: readonly Row[];
  /** Stacks in which a model differs from the donor; its tensors there are not looked for one by one. */
  readonly unequal: UnequalStacks;
}

/** Which tensors the output has, in its order. */
export function outlineOutput(context: PlanContext): Outline {
  if (context.recipe.sliced) {
    const parts = stackSlices(context);
    const rows = parts.flatMap((part) => rowsOf(part, context, new Set()));
    return { rows: inLayerOrder(rows, parts), unequal: new Set() };
  }
  const stacks = stacksOf(context.table.at(DONOR).tensors.keys());
  const unequal = checkLayerCounts(stacks, context);
  const rows = context.recipe.slices.flatMap((slice) =>
    rowsOf(wholeModelNames(slice, leadOf(slice, context), stacks), context, unequal),
  );
  return { rows, unequal };
}

function rowsOf(part: SliceNames, context: PlanContext, unequal: UnequalStacks): Row[] {
  const { slice, lead } = part;
  const models = slice.sources.map((source) => context.table.position(source.model));
  const names = new Set<string>();
  const order = [lead, ...models.keys()].filter((source, at) => at === 0 || source !== lead);
  for (const source of order) {
    const model = context.table.at(models[source] ?? DONOR);
    const leader = context.table.at(models[lead] ?? DONOR);
    for (const { name, shape } of model.tensors.values()) {
      const output = part.toOutput(source, name, shape);
      if (output === undefined || names.has(output)) continue;
      if (source === lead || completes(output, leader, model, name, context)) names.add(output);
      else if (!unequal.has(stackKey(model, part.place(output).layer?.prefix)))
        reportExtra(name, model, context);
    }
  }
  return [...names].map((name) => ({
    name,
    slice,
    ...part.place(name),
    sourceNames: models.map((_, source) => part.toSource(source, name)),
  }));
}

/**
 * True for a tensor that the output has although the leading model lacks it: a head that the leader ties to its
 * embedding, or an optional one that the method can do without a base.
 */
function completes(
  output: string,
  leader: ModelHeaders,
  model: ModelHeaders,
  name: string,
  { method }: PlanContext,
): boolean {
  const shape = model.tensors.get(name)?.shape ?? [];
  if (tiedEmbedding(leader, output, shape) !== undefined) return true;
  return (method.base === "ignored" || method.whenMissing === "only") && isOptional(output);
}

function reportExtra(name: string, model: ModelHeaders, { findings }: PlanContext): void {
  findings.add(`extra|${model.reference}`, name, {
    code: "PLAN_EXTRA_TENSOR",
    severity: "warning",
    sentence: (names, count) =>
      `${model.reference} has ${count === 1 ? "a tensor" : `${count} tensors`} that the output will not have: ${names}.`,
    hint: "The output has the tensors of the base model, or without one those of the first model.",
  });
}

/** Tensors before the layers, the layers in their order, the tensors after them. */
function inLayerOrder(rows: readonly Row[], parts: readonly SliceNames[]): Row[] {
  const last = parts.at(-1)?.slice;
  const outside = rows.filter(({ layer }) => layer === undefined);
  const layers = rows.filter(({ layer }) => layer !== undefined);
  const after = parts.length > 1 ? outside.filter(({ slice }) => slice === last) : [];
  const before = outside.filter((row) => !after.includes(row));
  layers.sort((a, b) => (a.layer?.layer ?? 0) - (b.layer?.layer ?? 0));
  return [...before, ...layers, ...after];
}
