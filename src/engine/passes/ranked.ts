import { EngineError } from "../../errors.ts";
import { RANK_LIMITS_AT } from "../../kernels/row-rank.ts";
import type { Mask } from "../../methods/mask.ts";
import { rowLength } from "../../tensor/shape.ts";
import { SEGMENT_ELEMENTS } from "../segments.ts";
import type { Workbench } from "../workbench.ts";

const TWO_31 = 2 ** 31;
const TWO_32 = 2 ** 32;

/** Times that a row longer than a segment is gone through before it is masked: for its maximum, and to count. */
const RANKING_SCANS = 2;

/** True if some mask must know whole rows. */
export function masksByRows(masks: readonly Mask[]): boolean {
  return masks.some(({ kind }) => kind === "ranked");
}

/** How often a pass over the opened tensor scans a row for its masks. */
export function scansFor(masks: readonly Mask[], bench: Workbench): number {
  return masksByRows(masks) && rowLength(bench.tensor?.shape ?? []) > SEGMENT_ELEMENTS ? RANKING_SCANS : 0;
}

/** Drops entries of f32 vectors at random, by their rank in their row. */
export class RankMasking {
  readonly #bench: Workbench;
  readonly #keys: readonly [number, number];
  readonly #row: number;
  /** Address of the counts, with the limits behind them. */
  readonly #bins: number;
  /** A signed 32-bit draw below low + slope * twice the rank keeps an entry. */
  readonly #low: number;
  readonly #slope: number;
  /** Bits of the largest magnitude of the row at hand. */
  #top = 0;

  constructor(mask: Extract<Mask, { kind: "ranked" }>, bench: Workbench, bins: number) {
    this.#bench = bench;
    this.#keys = mask.keys;
    this.#bins = bins;
    this.#row = rowLength(bench.tensor?.shape ?? []);
    if (this.#row >= TWO_31)
      throw new EngineError("ENGINE_ROW", `A row of ${String(this.#row)} elements is too long to be ranked`, {
        hint: "Use a method without ranks by row for this tensor, in overrides: dare_ties, for one.",
      });
    // A single entry has the mean of all ranks.
    const spread = this.#row === 1 ? 0 : mask.epsilon;
    this.#low = (mask.density - spread) * TWO_32 - TWO_31;
    this.#slope = this.#row === 1 ? 0 : (spread / (this.#row - 1)) * TWO_32;
  }

  /** First scan: the largest magnitude; second: how many entries each bin has. */
  scan(step: number, d: number, offset: number, n: number): void {
    const { kernels } = this.#bench;
    const first = this.#indexOf(offset) % this.#row === 0;
    if (step === 0) this.#top = Math.max(first ? 0 : this.#top, kernels.largestKey(d, n));
    else kernels.countByBin(d, this.#places, this.#bins, this.#top, n);
  }

  apply(d: number, offset: number, n: number): void {
    const { kernels } = this.#bench;
    const index = this.#indexOf(offset);
    const [key, other] = this.#keys;
    // Beyond 2^32 elements the upper half of the index changes the key.
    const first = key ^ Math.imul(Math.floor(index / TWO_32), 0x9e37_79b9);
    const [row, low, slope, bins] = [this.#row, this.#low, this.#slope, this.#bins];
    const from = index % TWO_32;
    if (row <= SEGMENT_ELEMENTS) {
      kernels.clearByRank(d, this.#places, bins, row, low, slope, from, first, other, n);
      return;
    }
    const limits = bins + RANK_LIMITS_AT;
    if (index % row === 0) kernels.limitsOfBins(bins, limits, row, low, slope);
    kernels.clearByBin(d, this.#places, limits, this.#top, from, first, other, n);
  }

  #indexOf(offset: number): number {
    return this.#bench.range.begin + offset;
  }

  get #places(): number {
    return this.#bench.spare(1);
  }
}
