import type { ParameterValue } from "../recipe/types.ts";
import type { LinearCombination } from "../methods/combination.ts";
import type { Granularity } from "../methods/define.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { TensorKind } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Strides } from "../tensor/strides.ts";
import type { JsonValue, LowRank, SideFile, WeightFile } from "../sources/types.ts";
import type { Alignment } from "../tokenizer/row-map.ts";
import type { AlignmentSummary } from "../tokenizer/summary.ts";
import type { TokenCount } from "../tokenizer/token-count.ts";
import type { Problem } from "../errors.ts";
import type { TensorExplanation } from "./explanation.ts";

/** What an adapter adds to what is stored in `storedDtype`; the dtype beside it is then F32. */
export type AddedProduct = LowRank & { readonly storedDtype: Dtype };

/** A stored tensor whose rows an input is put together from. */
export interface PlannedSource {
  /** Position in `MergePlan.models`. */
  readonly model: number;
  readonly tensor: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Position in the model's `files`. */
  readonly file: number;
  readonly offset: number;
  readonly strides?: Strides;
  readonly lowRank?: AddedProduct;
}

/** Rows that are put together by token from those of several models. */
export interface PlannedRows {
  /** Position in `MergePlan.alignments`. */
  readonly alignment: number;
  /** Position in the maps of the alignment. */
  readonly map: number;
  /** By the alignment's origins. */
  readonly sources: readonly PlannedSource[];
}

/** One input of one output tensor: a byte range and the model's own resolved parameters. */
export interface PlannedInput {
  /** Position in `MergePlan.models`. */
  readonly model: number;
  /** Name in that model (differs from the output's for restacked layers and tied weights). */
  readonly tensor: string;
  readonly dtype: Dtype;
  /** Position in the model's `files`. */
  readonly file: number;
  readonly offset: number;
  readonly byteLength: number;
  /** In elements, for the output's shape; absent where the elements lie row after row. */
  readonly strides?: Strides;
  /** Where its rows lie, if not all one after the other from `offset` on; `dtype` is then the one that they are brought to. */
  readonly rows?: PlannedRows;
  readonly lowRank?: AddedProduct;
  /** Resolved per-model parameters of the method; empty for the base. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

export interface PlannedTensor {
  readonly name: string;
  readonly shape: Shape;
  /** Dtype in the output. */
  readonly dtype: Dtype;
  readonly kind: TensorKind;
  /** Number of the output layer, if the name has one. */
  readonly layer?: number;
  /** Layers of the stack that the layer is in; absent outside layers. */
  readonly layerCount?: number;
  /**
   * "merge" runs the method. "copy" takes the bytes of the single input as they are: integer tensors, and a
   * passthrough without scale.
   */
  readonly action: "merge" | "copy";
  readonly method: string;
  readonly granularity: Granularity;
  /** Position of the override in the recipe that it follows. */
  readonly override?: number;
  /** Tensors of one group share statistics (granularity "layer" and "model"). */
  readonly group?: string;
  /** Resolved parameters that the method reads once per tensor. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** The base's tensor, for methods that treat the base apart; absent for methods that ignore it. */
  readonly base?: PlannedInput;
  /** All other inputs in recipe order. */
  readonly inputs: readonly PlannedInput[];
  /** Position in `MergePlan.output.shards`. */
  readonly shard: number;
  /** Absolute byte offset in the shard's file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The output's tokenizer, where the recipe says something about it. */
export interface PlannedTokenizer {
  /** Position in `MergePlan.models` of the model whose files it starts from. */
  readonly donor: number;
  readonly summary: AlignmentSummary;
  /** New tokens that have rows, but that no text is encoded to. */
  readonly unreachable: TokenCount;
  /** Names of the donor's tokenizer files: made for the output's tokens, taken as they are, or left out. */
  readonly files: Readonly<Record<"written" | "copied" | "omitted", readonly string[]>>;
}

export interface PlannedModel {
  readonly reference: string;
  readonly location: string;
  readonly role: "base" | "model";
  readonly files: readonly WeightFile[];
  /** The merge whose result this is, if it is in no file but computed while it is read; set when a merge runs. */
  readonly madeBy?: MadeBy;
  /** Bytes of this model's tensors that the merge reads in a pass. */
  readonly readBytes: number;
  readonly hub?: PlannedDownload;
  /** The same of an adapter of the Hub. */
  readonly adapterHub?: PlannedDownload;
}

/** Of a model of the Hub: what its files take, and what of it is in the cache. */
export interface PlannedDownload {
  readonly repository: string;
  readonly revision: string;
  readonly commit: string;
  readonly byteLength: number;
  readonly cachedBytes: number;
}

export interface PlannedShard {
  /** Final name: "model.safetensors" or "model-00001-of-00002.safetensors"; "diffusion_pytorch_model" as the donor has it. */
  readonly name: string;
  /** Whole file, header included. */
  readonly byteLength: number;
  readonly headerByteLength: number;
}

/** A file of code whose merge methods the recipe may name. */
export interface MethodModule {
  /** As the recipe names it. */
  readonly path: string;
  /** Absolute path. */
  readonly location: string;
  /** SHA-256 of the file, in hexadecimal; of this file alone, not of what it imports. */
  readonly sha256: string;
  /** Names of its merge methods. */
  readonly methods: readonly string[];
}

/** A merge whose tensors are computed while another one reads them. */
export interface MadeBy extends MergePlan {
  /** By name: the combination of each tensor that was measured before. */
  readonly solved?: ReadonlyMap<string, LinearCombination>;
}

/** A merge whose result others take. */
export interface PlannedIntermediate {
  readonly name: string;
  /** "inside": tile by tile, while those that take it read it; "folder": before them, into a folder. */
  readonly computed: "inside" | "folder";
  readonly plan: MergePlan;
}

/** What will be done, as plain JSON in a stable order. The engine executes exactly this. */
export interface MergePlan {
  readonly version: 1;
  readonly recipe: string;
  readonly mergeMethod: string;
  readonly models: readonly PlannedModel[];
  /** Position in `models` of the model that gives config, tokenizer and other small files. */
  readonly donor: number;
  /** The donor's small files, which the output gets beside its config.json. */
  readonly sideFiles: readonly SideFile[];
  readonly tensors: readonly PlannedTensor[];
  readonly tokenizer?: PlannedTokenizer;
  /** The chat template that the recipe asks for, with the models that "auto" took it from. */
  readonly chatTemplate?: { readonly models: readonly string[] };
  /** How rows are matched by token; inputs with `rows` name them. */
  readonly alignments?: readonly Alignment[];
  /** Layers of the output's longest stack, 0 if no name has a layer number. */
  readonly layerCount: number;
  /** Seed of the random methods. */
  readonly seed: number;
  /** Present if a method that draws random numbers takes part. */
  readonly random?: true;
  /** Code that the merge runs; absent without any. */
  readonly methodModules?: readonly MethodModule[];
  /** Dtype for config.json when it differs from the donor's own. */
  readonly configDtype?: Dtype;
  /** config.json keys to set (dotted paths), such as a changed number of layers. */
  readonly configEdits: Readonly<Record<string, JsonValue>>;
  readonly output: {
    readonly shards: readonly PlannedShard[];
    readonly byteLength: number;
    readonly parameterCount: number;
    /** How its tensors differ from the donor's: none unless the recipe restacks layers, or models tie their heads or lack biases. */
    readonly addedTensors: number;
    readonly missingTensors: number;
    /** More parameters than the donor has; negative: fewer. */
    readonly addedParameters: number;
  };
  /** Input bytes of each pass over the data: [combine] or [measure, combine]. */
  readonly passes: readonly { readonly name: string; readonly readBytes: number }[];
  /** The merges whose results this one takes, in the order in which they are made; only in a plan of several recipes. */
  readonly intermediates?: readonly PlannedIntermediate[];
  /** Only on request. */
  readonly explanations?: readonly TensorExplanation[];
  readonly warnings: readonly Problem[];
}
