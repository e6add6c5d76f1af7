import { inner } from "../methods/gram.ts";
import type { Gram } from "../methods/statistics.ts";
import type { Triangle } from "../report/diagnosis-types.ts";

/** Enough for six digits of any direction that can be told from others in a picture. */
const POWER_STEPS = 200;

/**
 * Base, models and merged point in the plane through the base, the mean and the direction across it in which the models
 * differ most (the first principal component of what the mean leaves). For two models nothing is left out. From inner
 * products alone; absent where the task vectors cancel or all lie on one line from the base.
 */
export function planeOf(
  gram: Gram,
  t: number,
): Pick<Triangle, "models" | "mean" | "merged" | "shown"> | undefined {
  const { n } = gram;
  const models = [...Array(n).keys()];
  // Inner products of each task vector with the mean, and of the mean with itself.
  const withMean = models.map((i) => models.reduce((sum, j) => sum + inner(gram, i, j) / n, 0));
  const meanLength = Math.sqrt(withMean.reduce((sum, product) => sum + product / n, 0));
  if (!(meanLength > 0)) return undefined;
  const along = withMean.map((product) => product / meanLength);
  const rest = models.map((i) => models.map((j) => inner(gram, i, j) - at(along, i) * at(along, j)));
  const across = firstComponent(rest);
  const total = models.reduce((sum, i) => sum + inner(gram, i, i), 0);
  const inPlane = models.reduce((sum, i) => sum + at(along, i) ** 2 + at(across, i) ** 2, 0);
  return {
    models: models.map((i) => ({ x: at(along, i), y: at(across, i) })),
    mean: { x: meanLength, y: 0 },
    merged: { x: t * meanLength, y: 0 },
    shown: Math.min(1, inPlane / total),
  };
}

/** Coordinates along the first principal component, from inner products; the first one that is not zero is positive. */
function firstComponent(products: readonly (readonly number[])[]): number[] {
  // A start that no symmetry makes orthogonal to the component.
  let direction = products.map((_, i) => 1 / (i + 1.5));
  let value = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    const next = products.map((row) => row.reduce((sum, product, j) => sum + product * at(direction, j), 0));
    value = Math.hypot(...next);
    if (!(value > 0)) return products.map(() => 0);
    direction = next.map((entry) => entry / value);
  }
  const sign = Math.sign(direction.find((entry) => Math.abs(entry) > 1e-9) ?? 1);
  return direction.map((entry) => sign * Math.sqrt(value) * entry);
}

function at(values: readonly number[], i: number): number {
  return values[i] ?? NaN;
}
