import type { Cut, Mask } from "./mask.ts";

/**
 * Which vectors a statistic is taken of: the inputs themselves, their task vectors (input - base), or their differences
 * from the first input, which do without a base.
 */
export type VectorSpace = "weights" | "taskVectors" | "differences";

export interface GramRequest {
  readonly kind: "gram";
  readonly space: VectorSpace;
  /** Count the elements of each difference that are exactly zero, too; takes longer for two models. */
  readonly countZeros?: boolean;
}

/**
 * Inner products over one unit. For "taskVectors" the vectors are input - base and for "differences" input - first
 * input, one per input; for "weights" the inputs themselves, after the base as vector 0 where the base takes part.
 */
export interface Gram {
  /** Number of vectors. */
  readonly n: number;
  /** n x n, row-major, symmetric; f64. */
  readonly products: Float64Array;
  readonly elementCount: number;
}

/**
 * Vectors to rank: the task vectors, one per input; "variance": one vector, per element the population variance of the
 * task vectors; "importance": one vector, the only task vector's magnitudes times the divergence of its row.
 */
export type RankedVectors = "taskVectors" | "variance" | "importance";

/** What the magnitudes of each row are multiplied by to be importances; absent where they are too many to be kept. */
export type RowFactors = Float32Array | undefined;

export interface MagnitudesRequest {
  readonly kind: "magnitudes";
  readonly of: RankedVectors;
  /**
   * For each vector the ranks to measure, 0 for the largest magnitude; may depend on how many entries of each vector
   * are not zero.
   */
  readonly ranks: (nonZero: readonly number[]) => readonly (readonly number[])[];
  /** Whether sums of magnitudes are wanted too. */
  readonly sums: boolean;
}

/** Exact order statistics of magnitudes as f32, by radix histograms. */
export interface Magnitudes {
  /** For each vector: entries that are not zero. */
  readonly nonZero: readonly number[];
  /** For each vector: sum of all magnitudes (f64), 0 if not asked for. */
  readonly sums: readonly number[];
  /** For each vector a cut for each rank that was asked. */
  readonly cuts: readonly (readonly Cut[])[];
  /** Of importances. */
  readonly rows?: RowFactors;
}

export interface KeptSumsRequest {
  readonly kind: "keptSums";
  /** One for each task vector. */
  readonly masks: readonly Mask[];
  readonly maskedBy?: "variance";
  readonly power: 1 | 2;
}

/** True if the sums cannot be told without reading: of squares, or where a mask drops some entries. */
export function needsReading({ masks, power }: KeptSumsRequest): boolean {
  return power === 2 || masks.some((mask) => mask.kind !== "all" && mask.kind !== "none");
}

/** For each task vector f64 sums: of all magnitudes (0 for power 2), and of the kept magnitudes, or squares for power 2. */
export interface KeptSums {
  readonly all: Float64Array;
  readonly kept: Float64Array;
}

export interface OverlapRequest {
  readonly kind: "overlap";
  /** An entry is active if its magnitude is above this. */
  readonly epsilon: number;
}

/** For each task vector: active entries that are active in another one too, and those that are not. */
export interface Overlap {
  readonly shared: Float64Array;
  readonly single: Float64Array;
}

interface Statistics {
  gram: { request: GramRequest; result: Gram };
  magnitudes: { request: MagnitudesRequest; result: Magnitudes };
  keptSums: { request: KeptSumsRequest; result: KeptSums };
  overlap: { request: OverlapRequest; result: Overlap };
}

export type StatisticRequest = Statistics[keyof Statistics]["request"];
export type StatisticRequests = Readonly<Record<string, StatisticRequest>>;
export type StatisticResult<R extends StatisticRequest> = Statistics[R["kind"]]["result"];
export type StatisticResults<Q extends StatisticRequests> = {
  readonly [K in keyof Q]: StatisticResult<Q[K]>;
};

export const gram = (space: VectorSpace): GramRequest => ({ kind: "gram", space });

export const magnitudes = (
  of: RankedVectors,
  ranks: MagnitudesRequest["ranks"],
  sums = false,
): MagnitudesRequest => ({ kind: "magnitudes", of, ranks, sums });

export const keptSums = (masks: readonly Mask[], power: 1 | 2, maskedBy?: "variance"): KeptSumsRequest => ({
  kind: "keptSums",
  masks,
  power,
  ...(maskedBy === undefined ? {} : { maskedBy }),
});

export const overlap = (epsilon: number): OverlapRequest => ({ kind: "overlap", epsilon });
