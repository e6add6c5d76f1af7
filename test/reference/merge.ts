import { parseAllDocuments } from "yaml";
import { referenceOf } from "./index.ts";
import type { Mask } from "./sparsify.ts";
import { firstOf } from "./settings.ts";
import type { Settings } from "./settings.ts";
import type { Vector } from "./vectors.ts";

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Vector;
}
export type Tensors = ReadonlyMap<string, Tensor>;

interface Source {
  readonly model: string;
  readonly layer_range: readonly [number, number];
  readonly parameters?: Settings;
}
interface Slice {
  readonly sources: readonly Source[];
  readonly parameters?: Settings;
}
interface Recipe {
  readonly name?: string;
  readonly merge_method: string;
  readonly base_model?: string;
  readonly models?: readonly Omit<Source, "layer_range">[];
  readonly slices?: readonly Slice[];
  readonly parameters?: Settings;
}

/** Where an output tensor comes from: a slice, the position in it, and the tensor's name in each source. */
interface Place {
  readonly slice: Slice;
  readonly t: number;
  readonly names: readonly string[];
}

export interface ReferenceMergeOptions {
  /** The tensors of the model that a recipe names. */
  readonly read: (model: string) => Tensors;
  /** Kept entries of the n-th model but the base, for the random methods. */
  readonly mask?: (n: number, tensor: string) => Mask | undefined;
}

const LAYER = /(?<=^|\.)layers\.(\d+)(?=\.)/;
/** Tensors behind the layers, in the checkpoints of tests. */
const BEHIND = /^(?:lm_head|model\.norm)\./;

/**
 * Merges by a mergekit recipe in f64 with the reference implementations, following mergekit's rules of names, slices,
 * gradients, filters and precedence; several documents in one text name each other. No tokenizers.
 */
export function referenceMerge(recipeText: string, { read, mask }: ReferenceMergeOptions): Tensors {
  const made = new Map<string, Tensors>();
  const readAny = (model: string) => made.get(model) ?? read(model);
  for (const document of parseAllDocuments(recipeText, { version: "1.1" })) {
    const recipe = document.toJS() as Recipe;
    made.set(recipe.name ?? "", mergeOne(recipe, readAny, mask ?? (() => undefined)));
  }
  return made.get("") ?? new Map<string, Tensor>();
}

function mergeOne(
  recipe: Recipe,
  read: (model: string) => Tensors,
  mask: NonNullable<ReferenceMergeOptions["mask"]>,
): Tensors {
  const merged = new Map<string, Tensor>();
  for (const [name, place] of places(slicesOf(recipe, read), read)) {
    const tensor = mergeTensor(recipe, name, place, read, mask);
    if (tensor !== undefined) merged.set(name, tensor);
  }
  return merged;
}

function layerCount(tensors: Tensors): number {
  return 1 + Math.max(-1, ...[...tensors.keys()].map((name) => Number(LAYER.exec(name)?.[1] ?? -1)));
}

function slicesOf(
  { models, slices, base_model: base }: Recipe,
  read: (model: string) => Tensors,
): readonly Slice[] {
  if (slices !== undefined) return slices;
  const listed = models ?? [];
  const appended = base === undefined || listed.some(({ model }) => model === base) ? [] : [{ model: base }];
  const sources = [...listed, ...appended].map((source) => {
    return { ...source, layer_range: [0, layerCount(read(source.model))] as const };
  });
  return [{ sources }];
}

/** Output tensors by name: those of the layers numbered through, those outside from the first or the last slice. */
function places(slices: readonly Slice[], read: (model: string) => Tensors): Map<string, Place> {
  const out = new Map<string, Place>();
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return out;
  for (const slice of new Set([first, last])) {
    for (const name of namesIn(slice, read)) {
      if (LAYER.test(name) || slice !== (BEHIND.test(name) ? last : first)) continue;
      out.set(name, { slice, t: 0, names: slice.sources.map(() => name) });
    }
  }
  let outputLayer = 0;
  for (const slice of slices) {
    const [from, to] = slice.sources[0]?.layer_range ?? [0, 0];
    for (let i = 0; i < to - from; i++, outputLayer++) {
      const t = to - from === 1 ? 1 : i / (to - from - 1);
      for (const name of namesIn(slice, read)) {
        if (Number(LAYER.exec(name)?.[1] ?? -1) !== from + i) continue;
        const names = slice.sources.map(({ layer_range: [start] }) => withLayer(name, start + i));
        out.set(withLayer(name, outputLayer), { slice, t, names });
      }
    }
  }
  return out;
}

const withLayer = (name: string, layer: number): string => name.replace(LAYER, `layers.${layer}`);

function namesIn({ sources }: Slice, read: (model: string) => Tensors): Set<string> {
  return new Set(sources.flatMap(({ model }) => [...read(model).keys()]));
}

/** A model without lm_head has it tied to its token embedding. */
function find(tensors: Tensors, name: string): Tensor | undefined {
  return (
    tensors.get(name) ?? (name === "lm_head.weight" ? tensors.get("model.embed_tokens.weight") : undefined)
  );
}

function mergeTensor(
  recipe: Recipe,
  output: string,
  { slice, t, names }: Place,
  read: (model: string) => Tensors,
  mask: NonNullable<ReferenceMergeOptions["mask"]>,
): Tensor | undefined {
  const reference = referenceOf(recipe.merge_method);
  const apart = reference.base === "apart" ? recipe.base_model : undefined;
  const base = apart === undefined ? undefined : find(read(apart), output);
  const inputs = slice.sources.flatMap((source, i) => {
    const name = names[i] ?? output;
    const tensor = source.model === apart ? undefined : find(read(source.model), name);
    return tensor === undefined ? [] : [{ source, name, tensor }];
  });
  const shared = [slice.parameters, recipe.parameters];
  const known = [...shared, ...slice.sources.map(({ parameters }) => parameters)];
  const parameters: Record<string, unknown> = {};
  for (const parameter of new Set(known.flatMap((level) => Object.keys(level ?? {})))) {
    const value = reference.perModel.includes(parameter)
      ? inputs.map(({ source, name }) => firstOf([source.parameters, ...shared], parameter, name, t))
      : firstOf(shared, parameter, output, t);
    if (value !== undefined) parameters[parameter] = value;
  }
  const shape = inputs[0]?.tensor.shape ?? base?.shape;
  if (shape === undefined) return undefined;
  const models = inputs.map(({ tensor }) => tensor.values);
  const masks = inputs.map((_, n) => mask(n, output));
  const values = reference.run({
    ...parameters,
    models,
    shape,
    masks,
    ...(base === undefined ? {} : { base: base.values }),
  } as never);
  return { shape, values };
}
