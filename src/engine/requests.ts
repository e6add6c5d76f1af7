import type { LinearCombination } from "../methods/combination.ts";
import type { VectorSpace } from "../methods/statistics.ts";

export interface GramPass {
  readonly kind: "gram";
  readonly space: VectorSpace;
}
export interface GramSums {
  readonly products: Float64Array;
  /** Number of vectors; `products` is n x n. */
  readonly n: number;
}
export interface LinearPass {
  readonly kind: "linear";
  readonly combination: LinearCombination;
}
export interface CopyPass {
  readonly kind: "copy";
}

/** What each pass is asked and what it answers: one entry, one file in passes/. */
export interface Passes {
  gram: { request: GramPass; result: GramSums };
  linear: { request: LinearPass; result: undefined };
  copy: { request: CopyPass; result: undefined };
}

export type PassKind = keyof Passes;
export type PassRequest = Passes[PassKind]["request"];
export type PassResult = Passes[PassKind]["result"];
