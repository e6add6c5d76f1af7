import { squaredLength } from "./gram.ts";
import type { Gram } from "./statistics.ts";

/** Steps are free: they run on the Gram matrix. Only where a model is very nearly the median are so many needed. */
const MOST_STEPS = 1000;
/** Change of the coefficients at which the iteration ends. */
const SMALLEST_STEP = 1e-14;
/** A model is taken as it is where the others' pull is weaker than its own weight by this share. */
const MARGIN = 1e-9;

/**
 * The geometric median as coefficients, summing to 1, of vectors whose inner products are given relative to any origin:
 * one of the vectors if it is best, else by Weiszfeld's iteration from the mean, in Vardi and Zhang's form (2000), which
 * does not get stuck on a vector.
 */
export function weiszfeld(
  gram: Gram,
  weight: readonly number[],
): { coefficients: Float64Array; steps: number } {
  for (let k = 0; k < gram.n; k++) {
    const vector = unit(gram.n, k);
    const { here, force } = pull(gram, weight, vector);
    if (force < here * (1 - MARGIN)) return { coefficients: vector, steps: 0 };
  }
  const total = weight.reduce((sum, each) => sum + each, 0);
  let point: Float64Array = Float64Array.from(weight, (each) => each / total);
  for (let step = 1; step <= MOST_STEPS; step++) {
    const { next } = pull(gram, weight, point);
    const moved = subtract(next, point).reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    point = next;
    if (moved <= SMALLEST_STEP) return { coefficients: point, steps: step };
  }
  return { coefficients: point, steps: MOST_STEPS };
}

/** At a point: weight of the vectors that lie there, how strongly the others pull, the next point. */
function pull(gram: Gram, weight: readonly number[], point: Float64Array) {
  const distances = weight.map((_, i) => distance(gram, i, point));
  const pulls = weight.map((w, i) => (distances[i] === 0 ? 0 : w / (distances[i] ?? NaN)));
  const here = weight.reduce((sum, w, i) => sum + (distances[i] === 0 ? w : 0), 0);
  const total = pulls.reduce((sum, each) => sum + each, 0);
  if (total === 0) return { here, force: 0, next: point };
  const centre = point.map((_, i) => (pulls[i] ?? NaN) / total);
  const force = total * Math.sqrt(squaredLength(gram, subtract(centre, point)));
  const stay = here === 0 ? 0 : Math.min(1, here / force);
  return { here, force, next: centre.map((each, i) => each + stay * ((point[i] ?? NaN) - each)) };
}

function distance(gram: Gram, i: number, point: Float64Array): number {
  return Math.sqrt(squaredLength(gram, subtract(unit(gram.n, i), point)));
}

const unit = (n: number, k: number) => Float64Array.from({ length: n }, (_, i) => (i === k ? 1 : 0));
const subtract = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - (b[i] ?? NaN));
