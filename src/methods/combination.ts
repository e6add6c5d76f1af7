/**
 * How the output follows from the inputs, element by element:
 *
 *     out = scale * a + sum_i coefficients[i] * (x_i - a)
 *
 * with the anchor `a` either the base or one of the inputs. Written around an anchor, equal inputs give themselves
 * back bit for bit at scale 1, whatever the coefficients; an input whose coefficient is 0 is not read.
 */
export interface LinearCombination {
  readonly kind: "linear";
  readonly anchor: "base" | number;
  readonly scale: number;
  /** One per input, base left out; the anchor's own entry is ignored. */
  readonly coefficients: Float64Array;
}

export type Combination = LinearCombination;

/** base + sum coefficients[i] * (x_i - base). */
export function addTaskVectors(coefficients: ArrayLike<number>): LinearCombination {
  return { kind: "linear", anchor: "base", scale: 1, coefficients: Float64Array.from(coefficients) };
}

/**
 * sum coefficients[i] * x_i, anchored on the input with the largest coefficient so that a coefficient of 1 among zeros
 * gives that input back exactly. `sum` overrides the sum of the coefficients where it is known exactly (1 after
 * normalising).
 */
export function weightedSum(coefficients: ArrayLike<number>, sum?: number): LinearCombination {
  const c = Float64Array.from(coefficients);
  let anchor = 0;
  for (let i = 1; i < c.length; i++) if (Math.abs(c[i] ?? 0) > Math.abs(c[anchor] ?? 0)) anchor = i;
  return {
    kind: "linear",
    anchor,
    scale: sum ?? c.reduce((total, value) => total + value, 0),
    coefficients: c,
  };
}

/** c0 * base + sum coefficients[i] * x_i, anchored as `weightedSum` does. */
export function weightedSumWithBase(
  c0: number,
  coefficients: ArrayLike<number>,
  knownSum?: number,
): LinearCombination {
  const c = Float64Array.from(coefficients);
  const sum = knownSum ?? c.reduce((total, value) => total + value, c0);
  const largest = weightedSum(c);
  const anchorOnBase = Math.abs(c0) >= Math.abs(c[largest.anchor as number] ?? 0);
  return { kind: "linear", anchor: anchorOnBase ? "base" : largest.anchor, scale: sum, coefficients: c };
}
