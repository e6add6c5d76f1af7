import { rowLength } from "../../tensor/shape.ts";
import { SEGMENT_ELEMENTS } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { RowDivergence } from "./row-divergence.ts";

/** Keeps importances off F32's subnormal numbers; only their order counts. */
const SCALE = 2 ** 64;

/**
 * The importance of each entry of the only task vector: its magnitude times the divergence of its row, times 2^64.
 * Rows longer than a segment are gone through in scans before.
 */
export class Importance {
  readonly scans: number;
  readonly #bench: Workbench;
  readonly #row: number;
  readonly #divergence: RowDivergence;

  constructor(bench: Workbench) {
    this.#bench = bench;
    this.#row = rowLength(bench.tensor?.shape ?? []);
    this.#divergence = new RowDivergence(this.#row, bench);
    this.scans = this.#row > SEGMENT_ELEMENTS ? RowDivergence.STEPS : 0;
  }

  scan(step: number, offset: number, n: number): void {
    const { base, delta } = this.#vectors(offset, n);
    if (step === 0 && (this.#bench.range.begin + offset) % this.#row === 0) this.#divergence.restart();
    this.#divergence.step(step, base, delta, n);
  }

  /** Address of the importances of a segment, as f32. */
  at(offset: number, n: number): number {
    const { base, delta } = this.#vectors(offset, n);
    const out = this.#bench.spare(1);
    const length = Math.min(this.#row, n);
    for (let at = 0; at < n; at += length) {
      if (this.scans === 0) this.#divergence.ofRow(base + at * 4, delta + at * 4);
      const factor = this.#divergence.value * SCALE;
      this.#bench.kernels.scaleMagnitudes(delta + at * 4, out + at * 4, factor, length);
    }
    return out;
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
