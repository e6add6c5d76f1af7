import type { Address } from "./address.ts";

/**
 * How two masked task vectors are joined: added up, or those with the elected sign added up or averaged; "apart": masked
 * together, by the key of their difference.
 */
export const JOIN = { add: 0, elect: 1, average: 2, averageApart: 3 } as const;

/**
 * Whole steps on stored values of one dtype, read once; assembly/sparse.ts, two.ts, drawn-two.ts, importance-stored.ts and
 * window.ts say what each one does. Those that give results return 0, with results of no meaning, if a value is not
 * finite. `work` is scratch for 32 f32.
 */
export interface StoredSteps {
  /** Returns 0 for t below 1e-6 too. */
  nearswapStored(x: Address, b: Address, out: Address, work: Address, t: number, n: number): number;
  largestOfTwo(b: Address, x: Address, y: Address, out: Address, work: Address, s: number, n: number): number;
  overlapOfTwo(
    b: Address,
    x: Address,
    y: Address,
    out: Address,
    work: Address,
    epsilon: number,
    c0: number,
    c1: number,
    n: number,
  ): number;
  activeOfTwo(
    b: Address,
    x: Address,
    y: Address,
    out: Address,
    work: Address,
    epsilon: number,
    n: number,
  ): void;
  agreedOfTwo(
    b: Address,
    x: Address,
    y: Address,
    out: Address,
    work: Address,
    r0: number,
    r1: number,
    least: number,
    s: number,
    n: number,
  ): number;
  rangesStored(b: Address, x: Address, base: Address, delta: Address, n: number, out: Address): void;
  windowsImportance(b: Address, x: Address, windows: Address, work: Address, factor: number, n: number): void;
  takeImportant(
    b: Address,
    x: Address,
    out: Address,
    work: Address,
    factor: number,
    least: number,
    n: number,
  ): number;
  /** Writes how many differences are 0, and how many keys are at or above `high` and `high2`, as three i32 to `out`. */
  windowStored(
    b: Address,
    x: Address,
    /** 0 for differences from the base; else of what x and y differ by. */
    y: Address,
    counts: Address,
    /** 0 without a second window, which lies above the first. */
    counts2: Address,
    out: Address,
    /** Scratch for n + 32 f32. */
    work: Address,
    low: number,
    high: number,
    low2: number,
    high2: number,
    n: number,
  ): void;
  /** p = x - b and q = y - b as f32; up to three elements past n are overwritten. */
  subtractTwo(b: Address, x: Address, y: Address, p: Address, q: Address, work: Address, n: number): void;
  /** Of what is kept of two task vectors, by bits; `c`: factors of votes and of sums. */
  drawnTwo(
    b: Address,
    x: Address,
    y: Address,
    out: Address,
    work: Address,
    bits0: Address,
    bits1: Address,
    c0: number,
    c1: number,
    /** Weights of an average: neither 0, nor is their sum. */
    w0: number,
    w1: number,
    s: number,
    /** Any of JOIN but "averageApart". */
    mode: number,
    n: number,
  ): number;
  /** Task vectors of x and y, where the key of their difference is from low to high; returns how many keys equal low. */
  keepApart(
    b: Address,
    x: Address,
    y: Address,
    p: Address,
    q: Address,
    work: Address,
    low: number,
    high: number,
    n: number,
  ): number;
  /** Writes how many keys of each task vector equal `low0` and `low1` as two i32 to `counts`. */
  sparseTwo(
    b: Address,
    x: Address,
    y: Address,
    out: Address,
    work: Address,
    counts: Address,
    low0: number,
    high0: number,
    low1: number,
    high1: number,
    v0: number,
    v1: number,
    c0: number,
    c1: number,
    w0: number,
    w1: number,
    s: number,
    floor: number,
    mode: number,
    n: number,
  ): number;
}

type Suffixed<S extends string> = { [K in keyof StoredSteps as `${K}${S}`]: StoredSteps[K] };

export interface StoredKernels extends Suffixed<"F32">, Suffixed<"BF16">, Suffixed<"F16"> {}
