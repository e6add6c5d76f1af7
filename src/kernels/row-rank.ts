import type { Address } from "./address.ts";

/** Bytes for each vector that is ranked: two tables of counts and one of limits, of 1,024 bins each. */
export const RANK_TABLE_BYTES = 3 * 1_024 * 4;
/** Where the limits begin in them. */
export const RANK_LIMITS_AT = 2 * 1_024 * 4;

/**
 * Dropping entries by their rank in their row, on f32 vectors in scratch memory; see assembly/row-rank.ts. `places` is
 * scratch for n u32. An entry is kept if its draw, a signed 32-bit number, is below low + slope * twice its rank.
 */
export interface RowRankKernels {
  /** The largest magnitude's bits. */
  largestKey(d: Address, n: number): number;
  countByBin(d: Address, places: Address, bins: Address, top: number, n: number): void;
  limitsOfBins(bins: Address, limits: Address, row: number, low: number, slope: number): void;
  clearByBin(
    d: Address,
    places: Address,
    limits: Address,
    top: number,
    index: number,
    key0: number,
    key1: number,
    n: number,
  ): void;
  /** The three steps before, on whole rows of `row` entries. */
  clearByRank(
    d: Address,
    places: Address,
    bins: Address,
    row: number,
    low: number,
    slope: number,
    index: number,
    key0: number,
    key1: number,
    n: number,
  ): void;
}
