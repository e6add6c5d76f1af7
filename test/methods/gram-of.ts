import type { Gram } from "../../src/methods/statistics.ts";

/** The Gram matrix of a few short vectors, in plain f64. */
export function gramOf(vectors: readonly (readonly number[])[]): Gram {
  const n = vectors.length;
  const products = new Float64Array(n * n);
  vectors.forEach((a, i) => {
    vectors.forEach((b, j) => {
      products[i * n + j] = a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0);
    });
  });
  return { n, products, elementCount: vectors[0]?.length ?? 0 };
}

/** Three unit vectors with the given angles in degrees between 1-2, 1-3 and 2-3. */
export function threeVectors(a12: number, a13: number, a23: number): number[][] {
  const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180);
  const [c12, c13, c23] = [cos(a12), cos(a13), cos(a23)];
  const s12 = Math.sqrt(1 - c12 * c12);
  const y = (c23 - c12 * c13) / s12;
  return [
    [1, 0, 0],
    [c12, s12, 0],
    [c13, y, Math.sqrt(1 - c13 * c13 - y * y)],
  ];
}
