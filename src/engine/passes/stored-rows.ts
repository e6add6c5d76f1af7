import type { StoredKernels } from "../../kernels/stored.ts";
import { SEGMENT_ELEMENTS } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { RowDivergence } from "./row-divergence.ts";

/** Bounds the vectors of a row: base, task vector and weights, 768 KB. */
const LONGEST_ROW = 65_536;

/** The divergences of rows whose base and model lie in the window, in one dtype, as a whole. */
export class StoredRows {
  /** Bytes of memory that the caller reserves. */
  static readonly BYTES = 3 * (LONGEST_ROW + 16) * 4;
  readonly #bench: Workbench;
  readonly #row: number;
  readonly #divergence: RowDivergence;
  readonly #decode: StoredKernels["rangesStoredF32"];
  readonly #base: number;
  /** Address of the task vector of the last row, as f32. */
  readonly delta: number;
  /** Address of as many f32 that are free between rows. */
  readonly free: number;

  private constructor(
    row: number,
    bench: Workbench,
    memory: number,
    decode: StoredKernels["rangesStoredF32"],
  ) {
    this.#bench = bench;
    this.#row = row;
    this.#divergence = new RowDivergence(row, bench);
    this.#decode = decode;
    this.#base = memory;
    this.delta = memory + StoredRows.BYTES / 3;
    this.free = memory + (2 * StoredRows.BYTES) / 3;
  }

  /** Undefined where the steps must be taken one by one. */
  static over(row: number, bench: Workbench, memory: number): StoredRows | undefined {
    const dtype = bench.sharedDtype([0, 1], false);
    if (dtype === undefined || row > Math.min(LONGEST_ROW, bench.tileElements)) return undefined;
    return new StoredRows(row, bench, memory, bench.kernels[`rangesStored${dtype}`]);
  }

  /** Of the row that begins `offset` elements into the window. */
  divergence(offset: number): number {
    const bench = this.#bench;
    this.#divergence.restart();
    for (let step = 0; step < RowDivergence.STEPS; step++)
      for (let at = 0; at < this.#row; at += SEGMENT_ELEMENTS) {
        const n = Math.min(SEGMENT_ELEMENTS, this.#row - at);
        const [base, delta] = [this.#base + at * 4, this.delta + at * 4];
        if (step > 0) this.#divergence.step(step, base, delta, n, this.free + at * 4);
        else {
          const [b, x] = [bench.stored(0, offset + at), bench.stored(1, offset + at)];
          this.#decode(b, x, base, delta, n, bench.results);
          this.#divergence.widen();
        }
      }
    return this.#divergence.value;
  }
}
