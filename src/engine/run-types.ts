import type { LinearCombination } from "../methods/combination.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { PlannedTensor } from "../plan/types.ts";
import type { TensorKind } from "../tensor/names.ts";
import type { Numbers } from "./program.ts";
import type { NonFinite } from "./protocol.ts";
import type { StreamOptions } from "./stream/streamed-inputs.ts";

export interface Progress {
  /** Input bytes gone through, over all passes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly tensorsDone: number;
  readonly tensorCount: number;
}

export interface RunOptions {
  /** Where the shards of the plan are being written, in its order; created and sized by the sink. */
  readonly shardPaths: readonly string[];
  readonly methods?: readonly AnyMethod[] | undefined;
  readonly workers?: number | undefined;
  readonly tileBytes?: number | undefined;
  readonly allowNonFinite?: boolean | undefined;
  /** Run the scalar twin of the kernels (slow); the bytes are the same. */
  readonly scalar?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called when all bytes of a tensor are in its shard; never for empty ones. */
  readonly onWritten?: ((tensor: PlannedTensor) => void) | undefined;
  /** Asks for the combination of each tensor alone: nothing is combined, and no shard written. */
  readonly onSolved?: ((tensor: PlannedTensor, combination: LinearCombination) => void) | undefined;
  /** Inputs that are not on this machine, and the file that they pass through. */
  readonly streamed?: StreamOptions | undefined;
}

export interface TensorReport {
  readonly name: string;
  readonly kind: TensorKind;
  readonly method: string;
  readonly action: "merge" | "copy";
  /** Numbers of the method, such as angle (degrees) and t; means over the rows where rows are solved apart. */
  readonly numbers: Numbers;
}

export interface RunReport {
  /** In the order of the plan. */
  readonly tensors: readonly TensorReport[];
  readonly seconds: number;
  /** Over all passes. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly workers: number;
  readonly tileBytes: number;
  readonly nonFinite: readonly NonFinite[];
  /** Of inputs that were not on this machine. */
  readonly movedBytes: number;
  /** Of those, files whose hash could not be checked: read in part, twice, or not from beginning to end. */
  readonly unverifiedFiles: number;
}
