import type { LinearCombination } from "../methods/combination.ts";
import type {
  AgreedCombination,
  LargestCombination,
  NearswapCombination,
  OverlapCombination,
  SparseCombination,
  TileCombination,
} from "../methods/elementwise.ts";
import type { Cutoff } from "../methods/mask.ts";
import type {
  GramRequest,
  KeptSums,
  KeptSumsRequest,
  Overlap,
  OverlapRequest,
  RankedVectors,
  VectorSpace,
} from "../methods/statistics.ts";

export interface GramSums {
  readonly products: Float64Array;
  /** Number of vectors; `products` is n x n. */
  readonly n: number;
  /** Elements of each vector that are zero; only if asked for. */
  readonly zeros?: Float64Array;
}

/** First reading for order statistics: how many magnitudes fall into each of 65,536 bins of their upper bits. */
export interface BinsPass {
  readonly kind: "bins";
  readonly of: RankedVectors;
  readonly sums: boolean;
}
export interface Bins {
  /** One histogram for each vector. */
  readonly bins: readonly (Uint32Array | Float64Array)[];
  readonly zeros: Float64Array;
  readonly sums: Float64Array;
}

/** Second reading: within chosen bins, how many magnitudes have each value of the lower 15 bits. */
export interface WithinPass {
  readonly kind: "within";
  readonly of: RankedVectors;
  /** For each vector the chosen bins. */
  readonly chosen: readonly (readonly number[])[];
  readonly sums: boolean;
  /** Whether to tell how the values are spread over the ranges of the tensor. */
  readonly byRange: boolean;
}
export interface Within {
  /** For each vector and chosen bin. */
  readonly bins: readonly (readonly (Uint32Array | Float64Array)[])[];
  /** For each vector and chosen bin, the sum of the magnitudes in higher bins. */
  readonly sumsAbove: readonly Float64Array[];
  readonly ranges: readonly RangeValues[];
}
/** The distinct lower bits in one range and how often each occurs; absent where there are too many to keep. */
export interface RangeValues {
  readonly begin: number;
  readonly values: readonly (readonly (SparseCounts | undefined)[])[];
}
export interface SparseCounts {
  readonly low: Uint16Array;
  readonly counts: Uint32Array;
}

/** How many entries of each range equal each cutoff. */
export interface EqualsPass {
  readonly kind: "equals";
  readonly of: RankedVectors;
  /** For each vector. */
  readonly cutoffs: readonly (readonly Cutoff[])[];
  /** Whether the ranges are those of passes that go by rows. */
  readonly byRows: boolean;
}
export interface Equals {
  readonly ranges: readonly { readonly begin: number; readonly counts: readonly (readonly number[])[] }[];
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
  gram: { request: GramRequest; result: GramSums };
  bins: { request: BinsPass; result: Bins };
  within: { request: WithinPass; result: Within };
  equals: { request: EqualsPass; result: Equals };
  keptSums: { request: KeptSumsRequest; result: KeptSums };
  overlap: { request: OverlapRequest; result: Overlap };
  columnGram: { request: ColumnGramPass; result: ColumnSums };
  columnLinear: { request: ColumnLinearPass; result: undefined };
  linear: { request: LinearCombination; result: undefined };
  sparse: { request: SparseCombination; result: undefined };
  nearswap: { request: NearswapCombination; result: undefined };
  largest: { request: LargestCombination; result: undefined };
  agreed: { request: AgreedCombination; result: undefined };
  overlapMean: { request: OverlapCombination; result: undefined };
  tile: { request: TileCombination; result: undefined };
  copy: { request: CopyPass; result: undefined };
}

export type PassKind = keyof Passes;
export type PassRequest = Passes[PassKind]["request"];
export type PassResult = Passes[PassKind]["result"];
