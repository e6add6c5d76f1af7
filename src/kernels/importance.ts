import type { Address } from "./address.ts";

/**
 * The divergence of the softmax of b + d from that of b, over a row of f32 values in scratch memory, and what is chosen
 * by it; assembly/importance.ts says what each one does.
 */
export interface ImportanceKernels {
  rangesOf(b: Address, d: Address, n: number, out: Address): void;
  /** d - pivot must be within 1/16 of 0. */
  shiftSums(b: Address, d: Address, w: Address, most: number, pivot: number, n: number, out: Address): void;
  divergence(w: Address, d: Address, pivot: number, share: number, shift: number, n: number): number;
  scaleMagnitudes(d: Address, out: Address, factor: number, n: number): void;
  takeFromF32(key: Address, x: Address, b: Address, out: Address, least: number, n: number): void;
  takeFromF64(key: Address, x: Address, b: Address, out: Address, least: number, n: number): void;
}
