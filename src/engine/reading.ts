import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedInput } from "../plan/types.ts";
import type { Shape } from "../tensor/shape.ts";
import type { FileTable } from "./files.ts";
import type { WorkerSetup } from "./protocol.ts";

/** What reading needs of a worker. */
export interface ReaderSetup {
  readonly setup: Pick<WorkerSetup, "models" | "alignments">;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly files: FileTable;
  /** Addresses of scratch for a segment of f64 each, ten at least, that nobody else uses during a read. */
  readonly scratch: (k: number) => number;
}

/** An input with the shape of the tensor that it is of, and the size that its elements have in a tile. */
export interface ReadOperand {
  readonly input: PlannedInput;
  readonly elementBytes: number;
  readonly shape: Shape;
}
