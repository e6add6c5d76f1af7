import {
  cosine,
  inner,
  meanPairwiseCosine,
  norm,
  ratioFromCosine,
  ratioFromGram,
  squaredLength,
} from "../methods/gram.ts";
import type { Gram } from "../methods/statistics.ts";

const degrees = (radians: number): number => (radians * 180) / Math.PI;

/** What Model Stock sees of one tensor, or of several whose Gram matrices were added. */
export interface Geometry {
  /** L2 norms of the task vectors. */
  readonly norms: readonly number[];
  /** Of pairs (1,2), (1,3), ..., (2,3), ...; 0 where a task vector is zero. */
  readonly cosines: readonly number[];
  /** Mean over pairs of task vectors that are not zero; absent with fewer than two of them. */
  readonly cosine?: number;
  /** Degrees. */
  readonly angle?: number;
  readonly t?: number;
  readonly tGram?: number;
  readonly clamped: boolean;
  /** L2 norms. */
  readonly soupToBase: number;
  readonly mergedToSoup: number;
}

/** Angles, ratios and distances from the inner products of task vectors; formulas as in `methods/gram.ts`. */
export function geometryOf(gram: Gram): Geometry {
  const { n } = gram;
  const models = [...Array(n).keys()];
  const norms = models.map((i) => norm(gram, i));
  const cosines = models.flatMap((i) =>
    models.slice(i + 1).map((j) => (inner(gram, i, i) > 0 && inner(gram, j, j) > 0 ? cosine(gram, i, j) : 0)),
  );
  const soupToBase = Math.sqrt(squaredLength(gram, Array<number>(n).fill(1 / n)));
  const mean = meanPairwiseCosine(gram);
  if (mean === undefined) return { norms, cosines, clamped: false, soupToBase, mergedToSoup: soupToBase };
  const t = ratioFromCosine(mean, n);
  return {
    norms,
    cosines,
    cosine: mean,
    angle: degrees(Math.acos(mean)),
    t,
    tGram: ratioFromGram(gram),
    clamped: mean < 0,
    soupToBase,
    mergedToSoup: (1 - t) * soupToBase,
  };
}

/** The matrix of all models, zero for those that a tensor lacks; `positions` are theirs among `n` models. */
export function spreadOut(gram: Gram, positions: readonly number[], n: number): Gram {
  const products = new Float64Array(n * n);
  positions.forEach((row, i) =>
    positions.forEach((column, j) => (products[row * n + column] = inner(gram, i, j))),
  );
  return { n, products, elementCount: gram.elementCount };
}

/** The sum of matrices of one size: inner products over all their tensors. */
export function addGrams(grams: readonly Gram[], n: number): Gram {
  const products = new Float64Array(n * n);
  let elementCount = 0;
  for (const gram of grams) {
    gram.products.forEach((product, i) => (products[i] = (products[i] ?? 0) + product));
    elementCount += gram.elementCount;
  }
  return { n, products, elementCount };
}
