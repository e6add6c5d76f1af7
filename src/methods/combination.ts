import type { ElementwiseCombination } from "./elementwise.ts";

/**
 * How the output follows from the inputs, element by element:
 *
 *     out = scale * a + baseCoefficient * (base - a) + sum_i coefficients[i] * (x_i - a)
 *
 * with the anchor `a` either the base or one of the inputs. Written around an anchor, equal inputs give themselves
 * back bit for bit at scale 1, whatever the coefficients; an input (or base) whose coefficient is 0 and which is not
 * the anchor is not read.
 */
export interface LinearCombination {
  readonly kind: "linear";
  readonly anchor: "base" | number;
  readonly scale: number;
  /** Always 0 where the base is the anchor or takes no part. */
  readonly baseCoefficient: number;
  /** One per input, base left out; the anchor's own entry is ignored. */
  readonly coefficients: Float64Array;
}

/** By `kind`: linear, or one whose coefficient differs per element. */
export type Combination = LinearCombination | ElementwiseCombination;

/** base + sum coefficients[i] * (x_i - base). */
export function addTaskVectors(coefficients: ArrayLike<number>): LinearCombination {
  return {
    kind: "linear",
    anchor: "base",
    scale: 1,
    baseCoefficient: 0,
    coefficients: Float64Array.from(coefficients),
  };
}

/**
 * sum coefficients[i] * x_i, anchored on the input with the largest coefficient so that a coefficient of 1 among zeros
 * gives that input back exactly. `sum` overrides the sum of the coefficients where it is known exactly (1 after
 * normalising).
 */
export function weightedSum(coefficients: ArrayLike<number>, sum?: number): LinearCombination {
  const c = Float64Array.from(coefficients);
  return {
    kind: "linear",
    anchor: indexOfLargest(c),
    scale: sum ?? c.reduce((total, value) => total + value, 0),
    baseCoefficient: 0,
    coefficients: c,
  };
}

/** c0 * base + sum coefficients[i] * x_i, anchored and summed as `weightedSum` does. */
export function weightedSumWithBase(
  c0: number,
  coefficients: ArrayLike<number>,
  sum?: number,
): LinearCombination {
  const c = Float64Array.from(coefficients);
  const scale = sum ?? c.reduce((total, value) => total + value, c0);
  const largest = indexOfLargest(c);
  return Math.abs(c0) >= Math.abs(c[largest] ?? 0)
    ? { kind: "linear", anchor: "base", scale, baseCoefficient: 0, coefficients: c }
    : { kind: "linear", anchor: largest, scale, baseCoefficient: c0, coefficients: c };
}

/** Sums of coefficients this close to 1 are 1 but for the rounding of their terms. */
const ONE = 1e-13;

/**
 * sum coefficients[i] * v_i, where the v_i are the inputs or, beside a base, their task vectors, which are then added to
 * it. Coefficients that sum to 1 give equal inputs back exactly.
 */
export function combineVectors(coefficients: ArrayLike<number>, hasBase: boolean): LinearCombination {
  const total = Float64Array.from(coefficients).reduce((sum, value) => sum + value, 0);
  const sum = Math.abs(total - 1) <= ONE ? 1 : total;
  return hasBase ? weightedSumWithBase(1 - sum, coefficients, 1) : weightedSum(coefficients, sum);
}

function indexOfLargest(values: Float64Array): number {
  let largest = 0;
  values.forEach((value, i) => {
    if (Math.abs(value) > Math.abs(values[largest] ?? 0)) largest = i;
  });
  return largest;
}
