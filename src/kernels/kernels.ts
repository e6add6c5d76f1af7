import type { Address } from "./address.ts";
import type { ColumnKernels } from "./columns.ts";
import type { ElementwiseKernels } from "./elementwise.ts";
import type { ImportanceKernels } from "./importance.ts";
import type { LowRankKernels } from "./low-rank.ts";
import type { StoredKernels } from "./stored.ts";
import type { RowRankKernels } from "./row-rank.ts";

/**
 * The kernels, as WebAssembly exports them; `reference.ts` is their scalar twin. Arguments: sources, destination,
 * factors, element count. "Delta" is x - a with a the decoded anchor.
 */
export interface Kernels
  extends
    ElementwiseKernels,
    ColumnKernels,
    StoredKernels,
    RowRankKernels,
    ImportanceKernels,
    LowRankKernels {
  decodeBF16(src: Address, dst: Address, n: number): void;
  decodeF16(src: Address, dst: Address, n: number): void;
  /** f32 to f64. */
  widen(src: Address, dst: Address, n: number): void;
  /** f64 to f32, one rounding. */
  demote(src: Address, dst: Address, n: number): void;
  /** f64 to f32 such that a further rounding to 16 bits is the only one that counts. */
  demoteToOdd(src: Address, dst: Address, n: number): void;

  /** dst = s * a. */
  scaleF32(a: Address, dst: Address, s: number, n: number): void;
  scaleF64(a: Address, dst: Address, s: number, n: number): void;
  /** acc += c * (x - a). */
  addDeltaF32(x: Address, a: Address, acc: Address, c: number, n: number): void;
  addDeltaBF16(x: Address, a: Address, acc: Address, c: number, n: number): void;
  addDeltaF16(x: Address, a: Address, acc: Address, c: number, n: number): void;
  addDeltaF64(x: Address, a: Address, acc: Address, c: number, n: number): void;
  /** dst = x - a; returns the number of exact zeros. */
  subtractF32(x: Address, a: Address, dst: Address, n: number): number;
  subtractBF16(x: Address, a: Address, dst: Address, n: number): number;
  subtractF16(x: Address, a: Address, dst: Address, n: number): number;
  subtractF64(x: Address, a: Address, dst: Address, n: number): number;

  /** Inner product of f32 vectors, f32 within blocks of 256 elements and f64 across. */
  dot(a: Address, b: Address, n: number): number;
  /** Writes aa, ab, bb as f64 to `out`, the same numbers as three calls of `dot`. */
  dotPair(a: Address, b: Address, n: number, out: Address): void;
  /** Writes aa, ab, ac, bb, bc, cc likewise. */
  dotThree(a: Address, b: Address, c: Address, n: number, out: Address): void;
  /** As `dot` with f64 products, non-finite products left out. */
  dotWide(a: Address, b: Address, n: number): number;
  dotF64(a: Address, b: Address, n: number): number;

  /** Rounds f32 once, ties to even; returns the number of results that are not finite. */
  encodeBF16(src: Address, dst: Address, n: number): number;
  encodeF16(src: Address, dst: Address, n: number): number;
  /** Copies (src may equal dst) and counts. */
  encodeF32(src: Address, dst: Address, n: number): number;
  countNonFiniteBF16(ptr: Address, n: number): number;
  countNonFiniteF16(ptr: Address, n: number): number;
  countNonFiniteF32(ptr: Address, n: number): number;
  countNonFiniteF64(ptr: Address, n: number): number;

  /**
   * Fused subtract and dotPair over three vectors of one dtype: writes pp, pq, qq as f64 to `out`, with p = x - a and
   * q = y - a.
   */
  gramOfTwoF32: GramOfTwo;
  gramOfTwoBF16: GramOfTwo;
  gramOfTwoF16: GramOfTwo;
  /** Fused scale, addDelta and encode in one dtype; `work` is scratch for n f32. Returns the non-finite results. */
  combineOneF32: CombineOne;
  combineOneBF16: CombineOne;
  combineOneF16: CombineOne;
  combineTwoF32: CombineTwo;
  combineTwoBF16: CombineTwo;
  combineTwoF16: CombineTwo;
}

type GramOfTwo = (a: Address, x: Address, y: Address, n: number, out: Address) => void;
type CombineOne = (
  a: Address,
  x: Address,
  out: Address,
  s: number,
  c: number,
  n: number,
  work: Address,
) => number;
type CombineTwo = (
  a: Address,
  x: Address,
  y: Address,
  out: Address,
  s: number,
  c: number,
  d: number,
  n: number,
  work: Address,
) => number;
