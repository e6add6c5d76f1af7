import type { LinearCombination } from "../../methods/combination.ts";
import type { VectorSpace } from "../../methods/statistics.ts";
import type { Workbench } from "../workbench.ts";

export interface GramPass {
  readonly kind: "gram";
  readonly space: VectorSpace;
}
export interface GramSums {
  readonly products: Float64Array;
  readonly zeroCounts: Float64Array;
}
export interface LinearPass {
  readonly kind: "linear";
  readonly combination: LinearCombination;
}
export interface CopyPass {
  readonly kind: "copy";
}

/** What each pass is asked and what it answers: one entry, one file beside this one. */
export interface Passes {
  gram: { request: GramPass; result: GramSums };
  linear: { request: LinearPass; result: undefined };
  copy: { request: CopyPass; result: undefined };
}

export type PassKind = keyof Passes;
export type PassRequest = Passes[PassKind]["request"];
export type PassResult = Passes[PassKind]["result"];

/** A pass under way over one range, in a worker. */
export interface Runner<Result> {
  /** Works on `n` elements that lie `offset` elements into the loaded window; called in order. */
  segment(offset: number, n: number): void;
  finish(): Result;
}

export interface Pass<K extends PassKind> {
  /** True for the operands (base first) that the pass reads. */
  reads(request: Passes[K]["request"], bench: Workbench): boolean[];
  /** Where the results lie for writing; absent: the pass writes nothing. */
  writesFrom?(bench: Workbench): number;
  start(request: Passes[K]["request"], bench: Workbench): Runner<Passes[K]["result"]>;
  /** Joins the results of consecutive ranges, in order. */
  merge(results: readonly Passes[K]["result"][]): Passes[K]["result"];
}
