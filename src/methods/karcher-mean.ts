import { CANCELLED, cosine, squaredLength } from "./gram.ts";
import type { Gram } from "./statistics.ts";

/**
 * The Karcher mean of the directions of some vectors, as the coefficients of their unit vectors. Each step goes along
 * the mean of the directions' logarithms; all of it runs on the matrix of cosines.
 */
export function meanDirection(
  gram: Gram,
  vectors: readonly number[],
  maxSteps: number,
  tolerance: number,
): { direction: Float64Array; steps: number } {
  const cosines: Gram = {
    ...gram,
    n: vectors.length,
    products: Float64Array.from(
      vectors.flatMap((i) => vectors.map((j) => (i === j ? 1 : cosine(gram, i, j)))),
    ),
  };
  const lengthOf = (c: Float64Array) => Math.sqrt(squaredLength(cosines, c));
  const share = 1 / vectors.length;
  const mean = new Float64Array(vectors.length).fill(share);
  let direction = mean.map((each) => each / lengthOf(mean));
  if (lengthOf(mean) < Math.max(tolerance, CANCELLED)) direction = mean.map((_, i) => (i === 0 ? 1 : 0));
  for (let step = 0; step < maxSteps; step++) {
    const tangent = meanTangent(cosines, direction, share, tolerance);
    const length = lengthOf(tangent);
    if (length < tolerance || length === 0) return { direction, steps: step };
    const moved = direction.map(
      (each, i) => Math.cos(length) * each + (Math.sin(length) / length) * (tangent[i] ?? NaN),
    );
    const size = lengthOf(moved);
    direction = moved.map((each) => each / size);
  }
  return { direction, steps: maxSteps };
}

/** Mean of the tangents at `direction` that lead to the unit vectors; one opposite to it has no tangent. */
function meanTangent(cosines: Gram, direction: Float64Array, share: number, tolerance: number): Float64Array {
  const { n, products } = cosines;
  const tangent = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = products.subarray(i * n, (i + 1) * n);
    const cos = Math.min(
      1,
      Math.max(
        -1,
        row.reduce((sum, value, j) => sum + value * (direction[j] ?? NaN), 0),
      ),
    );
    const angle = Math.acos(cos);
    const sin = Math.sin(angle);
    if (angle < tolerance || sin === 0 || (cos < 0 && sin < CANCELLED)) continue;
    const factor = (share * angle) / sin;
    direction.forEach((each, j) => (tangent[j] = (tangent[j] ?? NaN) - factor * cos * each));
    tangent[i] = (tangent[i] ?? NaN) + factor;
  }
  return tangent;
}
