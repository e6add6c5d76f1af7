import { EngineError } from "../../errors.ts";
import { RANK_LIMITS_AT } from "../../kernels/row-rank.ts";
import type { Mask, RankedMask } from "../../methods/mask.ts";
import { rowLength } from "../../tensor/shape.ts";
import type { Range } from "../segments.ts";
import { rowBlock, SEGMENT_ELEMENTS } from "../segments.ts";
import type { Workbench } from "../workbench.ts";

const TWO_31 = 2 ** 31;
const TWO_32 = 2 ** 32;

/** Times that a row longer than a segment is gone through before it is masked: for its maximum, and to count. */
const RANKING_SCANS = 2;

/** True if some mask must know whole rows. */
export function masksByRows(masks: readonly Mask[]): boolean {
  return masks.some(({ kind }) => kind === "ranked");
}

/** How often a pass over a range of the opened tensor scans a row for its masks. */
export function scansFor(masks: readonly Mask[], bench: Workbench, range: Range): number {
  const row = rowLength(bench.tensor?.shape ?? []);
  const ranks = masks.some((mask) => mask.kind === "ranked" && !bitsOfRange(mask.kept, range, row));
  return ranks && row > SEGMENT_ELEMENTS ? RANKING_SCANS : 0;
}

/** Each segment's bits begin with a byte of their own. */
export const bytesOfBits = (n: number): number => Math.ceil(n / 8);

/** The bits of a range of whole rows among those of its tensor; undefined where they had no room. */
export function bitsOfRange(
  bits: Uint8Array | undefined,
  { begin, end }: Range,
  row: number,
): Uint8Array | undefined {
  const block = rowBlock(row);
  const bytesBefore = (element: number) =>
    bytesOfBits(element) + Math.ceil(element / block) * Math.ceil(block / SEGMENT_ELEMENTS);
  return bits && bytesBefore(end) <= bits.length
    ? bits.subarray(bytesBefore(begin), bytesBefore(end))
    : undefined;
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
  /** Bits of what is kept of the range, if they are known. */
  readonly #kept: Uint8Array | undefined;
  /** Bytes of it that are used up. */
  #used = 0;
  /** Bits of the largest magnitude of the row at hand. */
  #top = 0;

  /** `bins`: address of cleared tables for the counts. */
  constructor(mask: RankedMask, bench: Workbench, range: Range, bins: number) {
    this.#bench = bench;
    this.#keys = mask.keys;
    this.#bins = bins;
    this.#row = rowLength(bench.tensor?.shape ?? []);
    this.#kept = bitsOfRange(mask.kept, range, this.#row);
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
    if (this.knowsBits) {
      this.copyBits(this.#places, n);
      this.passBits(n);
      this.#bench.kernels.clearByBits(d, this.#places, n);
      return;
    }
    this.#limit(d, offset, n);
    this.#bench.kernels.clearDrawn(d, this.#places, ...this.#draws(offset), n);
  }

  /** Writes to `bits` what of `d` is kept, and returns the sums of all and of the kept magnitudes. */
  sum(d: number, bits: number, offset: number, n: number): readonly [all: number, kept: number] {
    const { kernels, results } = this.#bench;
    this.#limit(d, offset, n);
    kernels.sumDrawn(d, this.#places, bits, results, ...this.#draws(offset), n);
    const [all = NaN, kept = NaN] = this.#bench.resultValues(2);
    return [all, kept];
  }

  /** True if bits tell what is kept. */
  get knowsBits(): boolean {
    return this.#kept !== undefined;
  }

  /** Copies the bits of the next n entries; segments come in the order in which they were told. */
  copyBits(address: number, n: number): void {
    const bits = this.#kept?.subarray(this.#used, this.#used + bytesOfBits(n)) ?? [];
    new Uint8Array(this.#bench.memory.buffer).set(bits, address);
  }

  /** Goes on to what is behind the next n entries. */
  passBits(n: number): void {
    this.#used += bytesOfBits(n);
  }

  /** Finds the limit of each draw. */
  #limit(d: number, offset: number, n: number): void {
    const { kernels } = this.#bench;
    const [row, low, slope, bins] = [this.#row, this.#low, this.#slope, this.#bins];
    if (row <= SEGMENT_ELEMENTS) {
      kernels.limitsByRank(d, this.#places, bins, row, low, slope, n);
      return;
    }
    const limits = bins + RANK_LIMITS_AT;
    if (this.#indexOf(offset) % row === 0) kernels.limitsOfBins(bins, limits, row, low, slope);
    kernels.limitsByBin(d, this.#places, limits, this.#top, n);
  }

  /** Where the draws begin, with their keys. */
  #draws(offset: number): [index: number, key0: number, key1: number] {
    const index = this.#indexOf(offset);
    const [key, other] = this.#keys;
    // Beyond 2^32 elements the upper half of the index changes the key.
    return [index % TWO_32, key ^ Math.imul(Math.floor(index / TWO_32), 0x9e37_79b9), other];
  }

  #indexOf(offset: number): number {
    return this.#bench.range.begin + offset;
  }

  get #places(): number {
    return this.#bench.spare(1);
  }
}
