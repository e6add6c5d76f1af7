import { clamp, combine, norm, scale, subtract, sum } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

export interface GeometricMedianParameters {
  /** One per model, all 1 if absent. */
  readonly weight?: readonly number[];
  readonly max_iter?: number;
  /** Step relative to the point's own length at which the iteration ends. */
  readonly tol?: number;
}

/**
 * The point with the smallest weighted sum of distances to the models: one of them if that is strictly best, otherwise
 * by Weiszfeld's iteration from the mean, in Vardi and Zhang's form, which does not get stuck on a model.
 */
export function geometricMedian(inputs: Inputs & GeometricMedianParameters): Vector {
  const { models, max_iter: maxIterations = 1000, tol = 1e-15 } = inputs;
  const weight = inputs.weight ?? models.map(() => 1);
  const best = models.find((model) => isMedian(model, models, weight));
  if (best !== undefined) return best;
  let point = scale(combine(models, weight), 1 / sum(weight));
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const next = step(point, models, weight);
    const moved = norm(subtract(next, point));
    point = next;
    if (moved <= tol * norm(point)) break;
  }
  return point;
}

export function sumOfDistances(point: Vector, models: readonly Vector[], weight: readonly number[]): number {
  return sum(models.map((model, i) => (weight[i] ?? NaN) * norm(subtract(model, point))));
}

/** The pull of the models that lie elsewhere (sum of w_i times unit vectors towards them), and the weight at the point. */
function pull(point: Vector, models: readonly Vector[], weight: readonly number[]) {
  const distances = models.map((model) => norm(subtract(model, point)));
  const shares = distances.map((d, i) => (d === 0 ? 0 : (weight[i] ?? NaN) / d));
  const here = sum(weight.filter((_, i) => distances[i] === 0));
  const centre = scale(combine(models, shares), 1 / sum(shares));
  return { here, centre, force: norm(subtract(centre, point)) * sum(shares) };
}

/** A model is strictly best if the others' pull is weaker than its own weight. */
function isMedian(model: Vector, models: readonly Vector[], weight: readonly number[]): boolean {
  if (models.every((other) => norm(subtract(other, model)) === 0)) return true;
  const { here, force } = pull(model, models, weight);
  return force < here * (1 - 1e-9);
}

function step(point: Vector, models: readonly Vector[], weight: readonly number[]): Vector {
  const { here, centre, force } = pull(point, models, weight);
  const stay = here === 0 ? 0 : clamp(here / force, 0, 1);
  return combine([centre, point], [1 - stay, stay]);
}
