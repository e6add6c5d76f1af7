import type { RecipeSlice } from "../recipe/types.ts";
import type { LayerName } from "../tensor/names.ts";
import { layerOf, tensorKind, withLayer } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";
import { gradientPosition, layerIn } from "./layers.ts";
import type { Part } from "./modules.ts";
import type { Stacks } from "../tensor/stacks.ts";

/** How the tensor names of a slice's sources correspond to names in the output. */
export interface SliceNames {
  readonly slice: RecipeSlice;
  /** The source whose list of tensors the output follows: the base if it is one, else the first. */
  readonly lead: number;
  /** Name in the output, undefined for a tensor that this slice does not take. */
  readonly toOutput: (source: number, name: string, shape: Shape) => string | undefined;
  readonly toSource: (source: number, outputName: string) => string;
  readonly place: (outputName: string) => {
    readonly t: number;
    readonly layer: LayerName | undefined;
  };
}

/** A slice over all layers of its models. */
export interface WholeSlice {
  readonly slice: RecipeSlice;
  readonly lead: number;
  readonly owns: Part["owns"];
  readonly stacks: Stacks;
  /** Gradients do not run over the layers: each gives its first value. */
  readonly flat: boolean;
}

/** One slice over all tensors of its models, each under its own name. */
export function wholeModelNames({ slice, lead, owns, stacks, flat }: WholeSlice): SliceNames {
  return {
    slice,
    lead,
    toOutput: (_, name) => (owns(name) ? name : undefined),
    toSource: (_, name) => name,
    place: (name) => {
      const layer = layerIn(stacks, name);
      const layers = layer === undefined ? undefined : stacks.get(layer.prefix)?.layers;
      if (layer === undefined || layers === undefined) return { t: 0, layer: undefined };
      return { t: flat ? 0 : gradientPosition(layers.indexOf(layer.layer), layers.length), layer };
    },
  };
}

/** Layers of one source that a slice takes. */
export interface SourceLayers {
  readonly prefix: string;
  readonly start: number;
}

export interface StackedSlice {
  readonly slice: RecipeSlice;
  readonly lead: number;
  readonly owns: Part["owns"];
  /** By source. */
  readonly sources: readonly SourceLayers[];
  /** Layers that the slice gives. */
  readonly count: number;
  /** Number of the slice's first layer in the output. */
  readonly firstLayer: number;
  /** Stack of the output. */
  readonly prefix: string;
  /** Takes the tensors before the layers. */
  readonly opens: boolean;
  /** Takes the tensors after the layers. */
  readonly closes: boolean;
}

/** One of several slices, whose layers are numbered on in the output. */
export function stackedNames(stacked: StackedSlice): SliceNames {
  const { slice, lead, owns, sources, count, firstLayer, prefix } = stacked;
  const outputLayer = (name: string) => {
    const layer = layerOf(name);
    return layer?.prefix === prefix ? layer : undefined;
  };
  return {
    slice,
    lead,
    toOutput: (source, name, shape) => {
      if (!owns(name)) return undefined;
      const layer = layerOf(name);
      const from = sources[source];
      if (layer === undefined || layer.prefix !== from?.prefix) {
        return (comesAfterLayers(name, shape) ? stacked.closes : stacked.opens) ? name : undefined;
      }
      const index = layer.layer - from.start;
      return index < 0 || index >= count ? undefined : withLayer({ ...layer, prefix }, firstLayer + index);
    },
    toSource: (source, outputName) => {
      const layer = outputLayer(outputName);
      const from = sources[source];
      if (layer === undefined || from === undefined) return outputName;
      return withLayer({ ...layer, prefix: from.prefix }, layer.layer - firstLayer + from.start);
    },
    place: (outputName) => {
      const layer = outputLayer(outputName);
      return { t: layer === undefined ? 0 : gradientPosition(layer.layer - firstLayer, count), layer };
    },
  };
}

/** Norms of the embeddings, unlike the final norm, come before the layers. */
const EARLY_NORM = /embed|(?:^|\.)pre_/i;

function comesAfterLayers(name: string, shape: Shape): boolean {
  const kind = tensorKind(name, shape);
  return kind === "head" || (kind === "norm" && !EARLY_NORM.test(name));
}
