/**
 * Which vectors a statistic is taken of: the inputs themselves, their task vectors (input - base), or their differences
 * from the first input, which do without a base.
 */
export type VectorSpace = "weights" | "taskVectors" | "differences";

export interface GramRequest {
  readonly kind: "gram";
  readonly space: VectorSpace;
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

export type StatisticRequest = GramRequest;
export type StatisticRequests = Readonly<Record<string, StatisticRequest>>;
export type StatisticResult<R extends StatisticRequest> = R extends GramRequest ? Gram : never;
export type StatisticResults<Q extends StatisticRequests> = {
  readonly [K in keyof Q]: StatisticResult<Q[K]>;
};

export const gram = (space: VectorSpace): GramRequest => ({ kind: "gram", space });
