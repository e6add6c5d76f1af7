import type { Gram } from "./statistics.ts";

/** Inner product of vectors i and j. */
export function inner(gram: Gram, i: number, j: number): number {
  return gram.products[i * gram.n + j] ?? 0;
}

export function norm(gram: Gram, i: number): number {
  return Math.sqrt(inner(gram, i, i));
}

/** Squared length of sum c[i] v_i; rounding may leave a little less than 0 of a sum that cancels. */
export function squaredLength(gram: Gram, c: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < gram.n; i++)
    for (let j = 0; j < gram.n; j++) sum += (c[i] ?? 0) * (c[j] ?? 0) * inner(gram, i, j);
  return Math.max(0, sum);
}

/**
 * A sum of unit vectors shorter than this is the rounding of products in F32: its square has an error of some 1e-7.
 * Its direction means nothing, and two vectors whose directions sum to so little are opposite.
 */
export const CANCELLED = 1e-3;

/** Vectors that are not exactly zero: the others have no direction. */
export function movingVectors(gram: Gram): number[] {
  return Array.from({ length: gram.n }, (_, i) => i).filter((i) => inner(gram, i, i) > 0);
}

/** Cosine between vectors i and j, neither of them zero; exactly 1 for equal vectors. */
export function cosine(gram: Gram, i: number, j: number): number {
  const product = inner(gram, i, j);
  const [a, b] = [inner(gram, i, i), inner(gram, j, j)];
  if (product === a && product === b) return 1;
  return Math.min(1, Math.max(-1, product / (Math.sqrt(a) * Math.sqrt(b))));
}

/** Mean of `value` over all pairs of the given vectors; undefined without a pair. */
function meanOverPairs(
  vectors: readonly number[],
  value: (i: number, j: number) => number,
): number | undefined {
  let sum = 0;
  let pairs = 0;
  vectors.forEach((i, position) => {
    for (const j of vectors.slice(position + 1)) {
      sum += value(i, j);
      pairs++;
    }
  });
  return pairs === 0 ? undefined : sum / pairs;
}

/** Mean cosine over all pairs of non-zero vectors; undefined with fewer than two of them. */
export function meanPairwiseCosine(gram: Gram): number | undefined {
  return meanOverPairs(movingVectors(gram), (i, j) => cosine(gram, i, j));
}

/** Mean angle in radians over all pairs of non-zero vectors; undefined with fewer than two of them. */
export function meanPairwiseAngle(gram: Gram): number | undefined {
  return meanOverPairs(movingVectors(gram), (i, j) => Math.acos(cosine(gram, i, j)));
}

/**
 * Model Stock's ratio t = N cos / (1 + (N-1) cos) for N models. At a cosine of 0 and below it is 0: the formula would
 * leave [0, 1] there and has a pole at -1/(N-1).
 */
export function ratioFromCosine(cos: number, n: number): number {
  return cos <= 0 ? 0 : (n * cos) / (1 + (n - 1) * cos);
}

/** Mean inner product over all pairs, zero vectors included; 0 without a pair. */
export function meanPairwiseProduct(gram: Gram): number {
  return meanOverPairs([...Array(gram.n).keys()], (i, j) => inner(gram, i, j)) ?? 0;
}

/**
 * The ratio without a pole, t = N m / (s + (N-1) m), with m the mean off-diagonal and s the mean diagonal entry; 0
 * where m is negative. For vectors of equal norm it is the ratio of their mean cosine.
 */
export function ratioFromGram(gram: Gram): number {
  const { n } = gram;
  const m = meanPairwiseProduct(gram);
  if (m <= 0) return 0;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += inner(gram, i, i);
  return Math.min(1, (n * m) / (trace / n + (n - 1) * m));
}
