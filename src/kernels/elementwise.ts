import type { Address } from "./address.ts";

/** Steps on vectors of n elements in scratch memory; assembly/elementwise.ts says what each one does. */
export interface ElementwiseSteps {
  addScaled(d: Address, sum: Address, c: number, n: number): void;
  elect(d: Address, vote: Address, sum: Address, weight: Address, c: number, w: number, n: number): void;
  electTwo(
    b: Address,
    p: Address,
    q: Address,
    out: Address,
    v0: number,
    v1: number,
    c0: number,
    c1: number,
    w0: number,
    w1: number,
    s: number,
    floor: number,
    divide: boolean,
    n: number,
  ): void;
  finishSum(b: Address, sum: Address, out: Address, s: number, n: number): void;
  finishMean(
    b: Address,
    sum: Address,
    weight: Address,
    out: Address,
    s: number,
    floor: number,
    n: number,
  ): void;
  nearswap(x: Address, b: Address, out: Address, t: number, n: number): void;
  selectLarger(x: Address, b: Address, best: Address, n: number): void;
  moveTowards(b: Address, x: Address, out: Address, s: number, n: number): void;
  countDominant(d: Address, sum: Address, count: Address, r: number, n: number): void;
  clearBelow(count: Address, sum: Address, least: number, n: number): void;
  clearSmall(d: Address, limit: number, n: number): void;
  countNonZero(d: Address, count: Address, n: number): void;
  shareOverlap(single: Address, sum: Address, count: Address, n: number): void;
  overlap(d: Address, count: Address, n: number): number;
  /** `table`: u32 addresses of `count` vectors; `out` is f32. */
  variance(table: Address, count: number, out: Address, n: number): void;
  /** The key is f32 whatever the type of d. */
  clearWhereZero(key: Address, d: Address, n: number): void;
}

type Suffixed<S extends string> = { [K in keyof ElementwiseSteps as `${K}${S}`]: ElementwiseSteps[K] };

/** Ranking by magnitude and random choice, on f32 vectors in scratch memory; see assembly/rank.ts. */
export interface RankKernels {
  histogram(d: Address, bins: Address, n: number): void;
  histogramWindow(d: Address, counts: Address, low: number, high: number, n: number): number;
  occurring(table: Address, n: number, out: Address): number;
  sumMagnitudes(d: Address, key: number, n: number): number;
  countEqual(d: Address, key: number, n: number): number;
  clearBelowKey(d: Address, key: number, n: number): void;
  clearAboveKey(d: Address, key: number, n: number): void;
  clearEqualAfter(d: Address, key: number, keep: number, n: number): void;
  clearRandom(d: Address, index: number, key0: number, key1: number, threshold: number, n: number): void;
}

export interface ElementwiseKernels extends Suffixed<"F32">, Suffixed<"F64">, RankKernels {}
