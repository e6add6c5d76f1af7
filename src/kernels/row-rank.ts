import type { Address } from "./address.ts";

/** Bytes for each vector that is ranked: two tables of counts and one of limits, of 1,024 bins each. */
export const RANK_TABLE_BYTES = 3 * 1_024 * 4;
/** Where the limits begin in them. */
export const RANK_LIMITS_AT = 2 * 1_024 * 4;

/**
 * Which entries to drop by their rank in their row, on f32 vectors in scratch memory; see assembly/row-rank.ts. `places`
 * is scratch for n u32. An entry is kept if its draw, a signed 32-bit number, is below its limit, which is low + slope *
 * twice its rank.
 */
export interface RowRankKernels {
  /** The largest magnitude's bits. */
  largestKey(d: Address, n: number): number;
  countByBin(d: Address, places: Address, bins: Address, top: number, n: number): void;
  limitsOfBins(bins: Address, limits: Address, row: number, low: number, slope: number): void;
  /** Leaves the limit of each entry in `places`. */
  limitsByBin(d: Address, places: Address, limits: Address, top: number, n: number): void;
  /** The same from all steps before, on whole rows of `row` entries. */
  limitsByRank(
    d: Address,
    places: Address,
    bins: Address,
    row: number,
    low: number,
    slope: number,
    n: number,
  ): void;
  /** d = 0 where the draw is at or above its limit. */
  clearDrawn(d: Address, limits: Address, index: number, key0: number, key1: number, n: number): void;
  /**
   * Writes what clearDrawn would keep as bits, eight entries a byte, and the sums of all and of the kept magnitudes, two
   * f64, to `sums`.
   */
  sumDrawn(
    d: Address,
    limits: Address,
    bits: Address,
    sums: Address,
    index: number,
    key0: number,
    key1: number,
    n: number,
  ): void;
  /** d = 0 where its bit is not set. */
  clearByBits(d: Address, bits: Address, n: number): void;
}
