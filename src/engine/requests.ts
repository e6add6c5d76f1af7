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
/** As "gram", but of each column of a strip by itself. */
export interface ColumnGramPass {
  readonly kind: "columnGram";
  readonly space: VectorSpace;
  /** Columns of the strip. */
  readonly width: number;
}
export interface ColumnSums {
  /** The vectors that were measured; the first `zeroVectors` of all are zero and not among them. */
  readonly members: readonly number[];
  readonly zeroVectors: number;
  /** Of each pair i <= j of members in turn: one sum per column. */
  readonly products: readonly Float64Array[];
}
/** As "linear", with an anchor (an operand), a scale and coefficients (by operand) for each column. */
export interface ColumnLinearPass {
  readonly kind: "columnLinear";
  readonly anchors: Uint16Array;
  readonly scales: Float64Array;
  /** 0 for the anchor. */
  readonly coefficients: readonly Float64Array[];
}
export interface CopyPass {
  readonly kind: "copy";
}

/** What each pass is asked and what it answers: one entry, one file in passes/. */
export interface Passes {
  gram: { request: GramPass; result: GramSums };
  linear: { request: LinearPass; result: undefined };
  columnGram: { request: ColumnGramPass; result: ColumnSums };
  columnLinear: { request: ColumnLinearPass; result: undefined };
  copy: { request: CopyPass; result: undefined };
}

export type PassKind = keyof Passes;
export type PassRequest = Passes[PassKind]["request"];
export type PassResult = Passes[PassKind]["result"];
