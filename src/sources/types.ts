import type { Problem } from "../errors.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Strides } from "../tensor/strides.ts";

/** A reference to a model as a recipe writes it. */
export interface ModelReference {
  /** Local path or Hub id. */
  readonly path: string;
  readonly revision?: string;
  readonly lora?: { readonly path: string; readonly revision?: string };
  readonly overrideArchitecture?: string;
}

/** Canonical text of a reference: two references name the same model exactly when these are equal. */
export function referenceText(reference: ModelReference): string {
  const part = (path: string, revision?: string) => (revision === undefined ? path : `${path}@${revision}`);
  const lora = reference.lora === undefined ? "" : `+${part(reference.lora.path, reference.lora.revision)}`;
  return part(reference.path, reference.revision) + lora;
}

/** A file that workers can open and read by position. */
export interface WeightFile {
  /** Name within the model, for messages: "model-00001-of-00003.safetensors". */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  readonly byteLength: number;
  /** Modification time (ms), to notice a file that changes while it is read. */
  readonly modifiedMs: number;
  /** Written during the run itself, so that neither length nor time tell of a change; in memory, or at the path. */
  readonly spool?: SharedArrayBuffer | "file";
  /** Where in a PyTorch checkpoint its tensors stand, unless at its top: "state_dict". */
  readonly keyPath?: string;
}

/** A matrix of an adapter: element (row, column) lies at offset + row * rowStride + column * columnStride elements. */
export interface AdapterMatrix {
  /** Position in `ModelHeaders.files`. */
  readonly file: number;
  readonly dtype: "F32" | "F16" | "BF16";
  readonly offset: number;
  /** One of the two is 1. */
  readonly rowStride: number;
  readonly columnStride: number;
}

/**
 * What an adapter adds to a tensor of the model, seen as a matrix whose columns are all dimensions but the first:
 * scale * left * right, left [rows, rank], right [rank, columns].
 */
export interface LowRank {
  readonly rank: number;
  readonly scale: number;
  readonly left: AdapterMatrix;
  readonly right: AdapterMatrix;
  /** DoRA: the length that each row gets; [rows, 1]. */
  readonly magnitude?: AdapterMatrix;
}

export interface TensorHeader {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Position in `ModelHeaders.files`. */
  readonly file: number;
  /** Absolute byte offset in that file, of the first element. */
  readonly offset: number;
  /** Of all elements; they take as many bytes from `offset` on unless there are strides. */
  readonly byteLength: number;
  /** In elements; only for tensors of a PyTorch file that do not lie row after row without a gap. */
  readonly strides?: Strides;
  /** What an adapter adds to what is stored. */
  readonly lowRank?: LowRank;
}

/** A text of many megabytes that is put together only when it is used, block by block. */
export interface LargeText {
  readonly print: (add: (block: string) => void) => void;
}

/** A file as its text, or as the absolute path at which it is. */
export type FileContent = string | LargeText | { readonly path: string };

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** A file of a model of the Hub. */
export interface HubFile {
  /** POSIX, from the top of the repository. */
  readonly name: string;
  readonly byteLength: number;
  /** Name of its blob in the cache, which is its hash: SHA-256 of large files, else git's SHA-1 of a blob. */
  readonly hash: string;
  readonly algorithm: "sha256" | "git-sha1";
}

/** Where a model of the Hub comes from, and what of it has to come yet. */
export interface HubOrigin {
  /** "org/name" */
  readonly repository: string;
  /** As it was asked for: a branch, a tag or a commit. */
  readonly revision: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Weights and small files, as far as a merge needs them. */
  readonly files: readonly HubFile[];
  /** Names of those that are not in the cache. */
  readonly missing: readonly string[];
}

/** The adapter in a model: the last of its files, and the adapter's settings. */
export interface AdapterOrigin {
  /** As the recipe names it: "org/adapter@revision". */
  readonly reference: string;
  /** Absolute folder. */
  readonly location: string;
  /** For an adapter of the Hub, whatever the model is. */
  readonly hub?: HubOrigin;
  /** Rows of the embedding that it brings, where the model's own has another number. */
  readonly rows?: number;
}

export interface SideFile {
  readonly name: string;
  readonly byteLength: number;
}

/** All that planning may know of a model; plain data, no handles. */
export interface ModelHeaders {
  /** `referenceText` of the reference. */
  readonly reference: string;
  /** Absolute folder (or file, for a single-file model). */
  readonly location: string;
  readonly files: readonly WeightFile[];
  /** By name, in the order of files and offsets. */
  readonly tensors: ReadonlyMap<string, TensorHeader>;
  /** `__metadata__` of the first file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** config.json; absent for bare weights. */
  readonly config: JsonObject | undefined;
  /**
   * The folder's other files, one level of sub-folders included ("1_Pooling/config.json"), sorted; without weights and
   * their indexes, config.json, README.md, mergekit_config.yml and stockpot.lock.json; with the weights of the folders
   * that modules.json names ("2_Dense/model.safetensors").
   */
  readonly sideFiles: readonly SideFile[];
  /** config.json and side files by name, of a model that is in no folder of its own. */
  readonly contents?: ReadonlyMap<string, FileContent>;
  /** What is there but must not be carried into an output. */
  readonly leftOut?: readonly Problem[];
  /** For a model of the Hub; paths then lead into the cache, where a file may not be yet. */
  readonly hub?: HubOrigin;
  readonly adapter?: AdapterOrigin;
  /** What is doubtful about the weights, but no error. */
  readonly warnings?: readonly Problem[];
}

/** What of a model comes from the Hub: the model itself, its adapter, or both. */
export function hubOrigins({ hub, adapter }: Pick<ModelHeaders, "hub" | "adapter">): HubOrigin[] {
  return [hub, adapter?.hub].filter((origin) => origin !== undefined);
}
