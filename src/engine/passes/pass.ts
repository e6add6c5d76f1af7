import type { PassKind, Passes } from "../requests.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";

/** A pass under way over one range, in a worker. */
export interface Runner<Result> {
  /** Works on `n` elements that lie `offset` elements into the loaded window; called in order. */
  segment(offset: number, n: number): void;
  /** Of a pass that goes by rows: how often a row longer than a segment is gone through before its segments. */
  readonly scans?: number;
  /** Looks at a segment of such a row; `step` counts the scans from 0. */
  scan?(step: number, offset: number, n: number): void;
  finish(): Result;
}

export interface Pass<K extends PassKind> {
  /** True for the operands (base first) that the pass reads. */
  reads(request: Passes[K]["request"], bench: Workbench): boolean[];
  /** True if segments are whole rows, as many as fit, or pieces of one longer row. */
  byRows?(request: Passes[K]["request"]): boolean;
  /** The pass looks at a short run of elements in every so many alone. */
  every?(request: Passes[K]["request"]): number | undefined;
  /** Where the results lie for writing; absent: the pass writes nothing. */
  writesFrom?(bench: Workbench): number;
  start(request: Passes[K]["request"], bench: Workbench, range: Range): Runner<Passes[K]["result"]>;
  /** Joins the results of consecutive ranges, in order. */
  merge(results: readonly Passes[K]["result"][], request: Passes[K]["request"]): Passes[K]["result"];
}
