import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedInput } from "../plan/types.ts";
import type { Shape } from "../tensor/shape.ts";
import type { FileTable } from "./files.ts";
import type { NonFinite, WorkerSetup } from "./protocol.ts";
import type { Range } from "./segments.ts";

/** A model that is in no file: its tensors are computed where they are read. */
export interface ComputedModel {
  /** Brings elements of a tensor to an address of `target`, as a file of the model would have them. */
  read(tensor: string, range: Range, target: Uint8Array, address: number, pass: string): void;
  /** What came to light since the last call. */
  takeNonFinite(): NonFinite[];
}

/** What reading needs of a worker. */
export interface ReaderSetup {
  readonly setup: Pick<WorkerSetup, "models" | "alignments">;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly files: FileTable;
  /** By model: those that are in no file. */
  readonly computed: readonly (ComputedModel | undefined)[];
  /** The pass under way, for what is noted of values. */
  readonly pass: () => string;
  /** Addresses of scratch for a segment of f64 each, ten at least, that nobody else uses during a read. */
  readonly scratch: (k: number) => number;
}

/** An input with the shape of the tensor that it is of, and the size that its elements have in a tile. */
export interface ReadOperand {
  readonly input: PlannedInput;
  readonly elementBytes: number;
  readonly shape: Shape;
}
