import type { RecipeSlice } from "../recipe/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { gradientsAreFlat } from "./bare-files.ts";
import type { PlanContext } from "./context.ts";
import { isLanguageHead } from "../tensor/names.ts";
import { stacksOf } from "../tensor/stacks.ts";
import { checkLayerCounts, stackKey } from "./layer-counts.ts";
import type { UnequalStacks } from "./layer-counts.ts";
import { isOptional, reportDropped, reportExtra } from "./match-tensors.ts";
import { DONOR } from "./models.ts";
import { partsOf } from "./modules.ts";
import type { Part } from "./modules.ts";
import type { Row } from "./row.ts";
import { wholeModelNames } from "./slice-names.ts";
import type { SliceNames } from "./slice-names.ts";
import { leadOf, stackSlices } from "./slices.ts";
import { tiedEmbedding } from "./tied.ts";

interface PartOutline {
  readonly rows: readonly Row[];
  /** Stacks in which a model differs from the donor; its tensors there are not looked for one by one. */
  readonly unequal: UnequalStacks;
  /** False if modules or slices are wrong, so that rows are missing. */
  readonly complete: boolean;
}

export interface Outline extends PartOutline {
  readonly parts: readonly Part[];
}

/** Which tensors the output has, in its order. */
export function outlineOutput(context: PlanContext): Outline {
  const parts = partsOf(context);
  const outlines = parts.map((part) =>
    part.module.sliced ? outlineSlices(part, context) : outlineModels(part, context),
  );
  return {
    parts,
    rows: outlines.flatMap(({ rows }) => rows),
    unequal: new Set(outlines.flatMap(({ unequal }) => [...unequal])),
    complete: !context.findings.hasErrorOf("PLAN_MODULE") && outlines.every(({ complete }) => complete),
  };
}

function outlineSlices(part: Part, context: PlanContext): PartOutline {
  const slices = stackSlices(part, context);
  const rows = slices.flatMap((names) => rowsOf(names, part, context, new Set()));
  const head = tiedHead(rows, slices, part, context);
  if (head !== undefined) rows.push(head);
  return { rows: inLayerOrder(rows, slices), unequal: new Set(), complete: slices.length > 0 };
}

/**
 * The head of an output whose last slice comes from a model that ties it: the output's embedding is that of its first
 * slice, so where some model stores a head, this one's embedding becomes the head.
 */
function tiedHead(
  rows: readonly Row[],
  slices: readonly SliceNames[],
  { module, owns }: Part,
  context: PlanContext,
): Row | undefined {
  const last = slices.at(-1);
  if (last === undefined || rows.some(({ name }) => isLanguageHead(name))) return undefined;
  const names = context.table.headers.flatMap(({ tensors }) => [...tensors.keys()]);
  const name = names.find((each) => isLanguageHead(each) && owns(each));
  if (name === undefined) return undefined;
  const leader = leaderOf(last.slice, last.lead, context);
  if (tiedEmbedding(leader, name, []) === undefined) return undefined;
  const sourceNames = last.slice.sources.map(() => name);
  return { name, module, slice: last.slice, ...last.place(name), sourceNames };
}

function outlineModels(part: Part, context: PlanContext): PartOutline {
  const [slice] = part.module.slices;
  if (slice === undefined) return { rows: [], unequal: new Set(), complete: false };
  const lead = leadOf(slice, context);
  const leader = leaderOf(slice, lead, context);
  const { owns } = part;
  const stacks = stacksOf([...leader.tensors.keys()].filter(owns));
  const unequal = checkLayerCounts(slice, leader, stacks, context);
  const flat = gradientsAreFlat(context);
  const names = wholeModelNames({ slice, lead, owns, stacks, flat });
  return { rows: rowsOf(names, part, context, unequal), unequal, complete: true };
}

function leaderOf({ sources }: RecipeSlice, lead: number, { table }: PlanContext): ModelHeaders {
  const source = sources[lead];
  return table.at(source === undefined ? DONOR : table.position(source.model));
}

function rowsOf(part: SliceNames, { module }: Part, context: PlanContext, unequal: UnequalStacks): Row[] {
  const { slice, lead } = part;
  const models = slice.sources.map((source) => context.table.position(source.model));
  const names = new Set<string>();
  const dropped = new Set<string>();
  const order = [lead, ...models.keys()].filter((source, at) => at === 0 || source !== lead);
  const leader = leaderOf(slice, lead, context);
  for (const source of order) {
    const position = models[source] ?? DONOR;
    const model = context.table.at(position);
    for (const { name, shape } of model.tensors.values()) {
      const own = part.toOutput(source, name, shape);
      const output = own === undefined ? undefined : context.renamings[position]?.toDonor(own);
      if (output === undefined || names.has(output)) continue;
      if (source === lead || completes(output, leader, model, name, context)) names.add(output);
      else if (context.options.tensorSet === "intersection") dropped.add(output);
      else if (!unequal.has(stackKey(model, part.place(output).layer?.prefix)))
        reportExtra(name, model, context);
    }
  }
  const sourceNames = (name: string) =>
    models.map((position, source) => {
      const own = part.toSource(source, name);
      return context.renamings[position]?.toModel(own) ?? own;
    });
  if (context.options.tensorSet === "intersection") {
    for (const name of names) if (!isInAll(name, sourceNames(name), slice, context)) dropped.add(name);
    reportDropped([...dropped], context);
  }
  const kept = [...names].filter((name) => !dropped.has(name));
  return kept.map((name) => ({ name, module, slice, ...part.place(name), sourceNames: sourceNames(name) }));
}

/** True for a tensor that every model of a slice has, and the base as well. */
function isInAll(
  name: string,
  sourceNames: readonly string[],
  { sources, baseModel }: RecipeSlice,
  { table, recipe }: PlanContext,
): boolean {
  const base = baseModel ?? recipe.baseModel;
  const listed = sources.map(({ model }) => table.position(model));
  const apart = base === undefined || listed.includes(table.position(base)) ? [] : [table.position(base)];
  return (
    listed.every((position, source) => table.at(position).tensors.has(sourceNames[source] ?? name)) &&
    apart.every((position) => table.at(position).tensors.has(name))
  );
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
  { method, options }: PlanContext,
): boolean {
  if (options.tensorSet === "union") return true;
  const shape = model.tensors.get(name)?.shape ?? [];
  if (tiedEmbedding(leader, output, shape) !== undefined) return true;
  // The bias of a head that the leader lacks is of no use without it.
  const weight = output.replace(/\.bias$/, ".weight");
  const isAlone = weight !== output && model.tensors.has(weight) && !leader.tensors.has(weight);
  return (method.base === "ignored" || method.whenMissing === "only") && isOptional(output) && !isAlone;
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
