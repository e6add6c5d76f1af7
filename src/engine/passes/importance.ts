import { rowLength } from "../../tensor/shape.ts";
import { SEGMENT_ELEMENTS } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { RowDivergence } from "./row-divergence.ts";

/** Keeps importances off F32's subnormal numbers; only their order counts. */
const SCALE = 2 ** 64;

/** What the magnitudes of a row are multiplied by. */
export const factorOf = (divergence: number): number => divergence * SCALE;

/** Visits the rows of `n` elements from `start` on, or their parts among them. */
export function eachRowPart(
  row: number,
  start: number,
  n: number,
  visit: (index: number, at: number, length: number) => void,
): void {
  for (let at = 0; at < n;) {
    const index = Math.floor((start + at) / row);
    const length = Math.min(n - at, (index + 1) * row - (start + at));
    visit(index, at, length);
    at += length;
  }
}

/**
 * The importance of each entry of the only task vector: its magnitude times the divergence of its row, times 2^64.
 * Where the factors of all rows are not known yet, segments are blocks of rows, and rows longer than a segment are gone
 * through in scans before.
 */
export class Importance {
  readonly scans: number;
  readonly #bench: Workbench;
  readonly #row: number;
  readonly #rows: Float32Array | undefined;
  readonly #divergence: RowDivergence;

  constructor(bench: Workbench, rows: Float32Array | undefined) {
    this.#bench = bench;
    this.#row = rowLength(bench.tensor?.shape ?? []);
    this.#rows = rows;
    this.#divergence = new RowDivergence(this.#row, bench);
    this.scans = rows === undefined && this.#row > SEGMENT_ELEMENTS ? RowDivergence.STEPS : 0;
  }

  scan(step: number, offset: number, n: number): void {
    const { base, delta } = this.#vectors(offset, n);
    if (step === 0 && (this.#bench.range.begin + offset) % this.#row === 0) this.#divergence.restart();
    this.#divergence.step(step, base, delta, n);
  }

  /** Address of the importances of a segment, as f32. */
  at(offset: number, n: number): number {
    const out = this.#bench.spare(1);
    this.eachRow(offset, n, (factor, delta, at, length) =>
      this.#bench.kernels.scaleMagnitudes(delta, out + at * 4, factor, length),
    );
    return out;
  }

  /** Visits the rows of a segment, or their parts in it, with their factor and the address of their task vector. */
  eachRow(
    offset: number,
    n: number,
    visit: (factor: number, delta: number, at: number, length: number) => void,
  ): void {
    const { base, delta } = this.#vectors(offset, n);
    eachRowPart(this.#row, this.#bench.range.begin + offset, n, (index, at, length) =>
      visit(this.#factor(index, base + at * 4, delta + at * 4), delta + at * 4, at, length),
    );
  }

  #factor(index: number, base: number, delta: number): number {
    if (this.#rows !== undefined) return this.#rows[index] ?? NaN;
    if (this.scans === 0) this.#divergence.ofRow(base, delta);
    return factorOf(this.#divergence.value);
  }

  /** Base and task vector as f32. */
  #vectors(offset: number, n: number): { base: number; delta: number } {
    const bench = this.#bench;
    const base = bench.differences(offset, n, [true]);
    if (bench.arithmetic === "F32") return { base, delta: bench.scratch(1) };
    const [narrow, delta] = [bench.spare(3), bench.spare(4)];
    bench.kernels.demote(base, narrow, n);
    bench.kernels.demote(bench.scratch(1), delta, n);
    return { base: narrow, delta };
  }
}
