import type { Mask } from "./mask.ts";
import type { RowFactors } from "./statistics.ts";

/**
 * out = base + scale * (sum of the kept factors[i] * d_i), with d_i = input - base and masks[i] saying what is kept.
 * With an election, only entries whose sign agrees with sum votes[i] * d_i (0 counts as positive) are added, and the
 * sum may be divided by the weights of those that were.
 */
export interface SparseCombination {
  readonly kind: "sparse";
  readonly masks: readonly Mask[];
  readonly factors: Float64Array;
  readonly scale: number;
  readonly election?: {
    readonly votes: Float64Array;
    /** Absent: the sum is not divided. A divisor of 0 counts as 1; with `floor`, one below it as the floor. */
    readonly divisor?: { readonly weights: Float64Array; readonly floor: number };
  };
  /** The masks are over this vector, not each over its own task vector. */
  readonly maskedBy?: "variance";
}

/** One input: w x + (1-w) base with w = clamp(t / |x - base|, 0, 1). */
export interface NearswapCombination {
  readonly kind: "nearswap";
  readonly t: number;
}

/** base + scale * the task vector entry of largest magnitude, the last one of equals. */
export interface LargestCombination {
  readonly kind: "largest";
  readonly scale: number;
}

/** base + scale * sum d_i where at least `least` models have |d_i| > ratios[i] |sum d - d_i|, else the base. */
export interface AgreedCombination {
  readonly kind: "agreed";
  readonly ratios: Float64Array;
  readonly least: number;
  readonly scale: number;
}

/** base + the mean of the active d_i (magnitude above epsilon), those active alone times singles[i]. */
export interface OverlapCombination {
  readonly kind: "overlapMean";
  readonly epsilon: number;
  readonly singles: Float64Array;
}

/** The only input's entries whose importance (see `RankedVectors`) is at least `least`, the base's elsewhere. */
export interface ImportantCombination {
  readonly kind: "important";
  readonly least: number;
  /** As measured with the importances, which need not be computed again then. */
  readonly rows?: RowFactors;
}

/** What the `combine` of the named method, one with tiles, makes of them. */
export interface TileCombination {
  readonly kind: "tile";
  readonly method: string;
  /** Its `SolveContext` and statistics: plain data, since workers get them. */
  readonly context: object;
  readonly measured: object;
}

export type ElementwiseCombination =
  | SparseCombination
  | NearswapCombination
  | LargestCombination
  | AgreedCombination
  | OverlapCombination
  | ImportantCombination
  | TileCombination;
