import type { LinearCombination } from "../methods/combination.ts";
import type {
  AgreedCombination,
  ImportantCombination,
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
  RowFactors,
  VectorSpace,
} from "../methods/statistics.ts";

export interface GramSums {
  readonly products: Float64Array;
  /** Number of vectors; `products` is n x n. */
  readonly n: number;
  /** Elements of each vector that are zero; only if asked for. */
  readonly zeros?: Float64Array;
}

/** How many magnitudes fall into each of 65,536 bins of their upper bits. */
export interface BinsPass {
  readonly kind: "bins";
  readonly of: RankedVectors;
  readonly sums: boolean;
  /** Looks at a short run of elements in every so many alone; absent: at all of them. */
  readonly every?: number;
  readonly rows?: RowFactors;
}
export interface Bins {
  /** For each vector the bins that are not empty. */
  readonly bins: readonly ValueCounts[];
  readonly zeros: Float64Array;
  readonly sums: Float64Array;
}

/** Neighbouring bins whose values are told apart. */
export interface Window {
  readonly bin: number;
  readonly bins: number;
}

/** The reading that tells exact ranks: within windows, how many magnitudes have each value. */
export interface WithinPass {
  readonly kind: "within";
  readonly of: RankedVectors;
  /** For each vector. */
  readonly windows: readonly (readonly Window[])[];
  readonly sums: boolean;
  /** Whether to tell how the values are spread over the ranges of the tensor. */
  readonly byRange: boolean;
  readonly rows?: RowFactors;
}
export interface Within {
  /** For each vector and window. */
  readonly counts: readonly (readonly WindowCounts[])[];
  /** For each vector. */
  readonly zeros: Float64Array;
  readonly ranges: readonly RangeValues[];
}
export interface WindowCounts {
  readonly values: ValueCounts;
  /** Entries above the window, and the sum of their magnitudes where sums are wanted. */
  readonly above: number;
  readonly sumAbove: number;
}
/** Of a table of counts, here over bins or over the keys from a window's start: the places that occur, rising. */
export interface ValueCounts {
  readonly offsets: Uint32Array;
  readonly counts: Uint32Array | Float64Array;
}
/** The values in one range, for each vector and window; absent where there are too many to keep. */
export interface RangeValues {
  readonly begin: number;
  readonly values: readonly (readonly (ValueCounts | undefined)[])[];
}

/** What the magnitudes of each row are multiplied by to be importances. */
export interface FactorsPass {
  readonly kind: "factors";
  /** Whether a sample of the importances is wanted. */
  readonly sample: boolean;
}
export interface Factors {
  /** By the first element of the first row. */
  readonly parts: readonly { readonly begin: number; readonly factors: Float32Array }[];
  /** Of importances; absent where it would have taken another reading. */
  readonly sample?: Bins;
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

export interface KeptSumsPass extends KeptSumsRequest {
  /** For each vector shared memory for the bits of what a ranked mask keeps; see bitsOfRange. */
  readonly bits?: readonly Uint8Array[];
}
export interface RangeSums extends KeptSums {
  /** Whether the pass wrote the bits. */
  readonly told: boolean;
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
  factors: { request: FactorsPass; result: Factors };
  equals: { request: EqualsPass; result: Equals };
  keptSums: { request: KeptSumsPass; result: RangeSums };
  overlap: { request: OverlapRequest; result: Overlap };
  columnGram: { request: ColumnGramPass; result: ColumnSums };
  columnLinear: { request: ColumnLinearPass; result: undefined };
  linear: { request: LinearCombination; result: undefined };
  sparse: { request: SparseCombination; result: undefined };
  nearswap: { request: NearswapCombination; result: undefined };
  largest: { request: LargestCombination; result: undefined };
  agreed: { request: AgreedCombination; result: undefined };
  important: { request: ImportantCombination; result: undefined };
  overlapMean: { request: OverlapCombination; result: undefined };
  tile: { request: TileCombination; result: undefined };
  copy: { request: CopyPass; result: undefined };
}

export type PassKind = keyof Passes;
export type PassRequest = Passes[PassKind]["request"];
export type PassResult = Passes[PassKind]["result"];
