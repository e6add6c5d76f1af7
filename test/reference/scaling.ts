import { baseOf, combine, dot, subtract, sum, sumOfMagnitudes, taskVectors } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/** MetaGPT's coefficients: each task vector's share of the squared norms, over whatever unit the norms are taken. */
export function metagptCoefficients(squaredNorms: readonly number[]): number[] {
  const total = sum(squaredNorms);
  return squaredNorms.map((value) => (total === 0 ? 0 : value / total));
}

/** base + the task vectors with MetaGPT's coefficients, the tensor being the unit. */
export function metagpt(inputs: Inputs): Vector {
  const deltas = taskVectors(inputs);
  const coefficients = metagptCoefficients(deltas.map((delta) => dot(delta, delta)));
  return combine([baseOf(inputs), ...deltas], [1, ...coefficients]);
}

export interface LinesParameters {
  readonly alpha: number;
  readonly beta: number;
  /** Counted from 0; absent for a tensor outside the layers. */
  readonly layer?: number;
  readonly layers: number;
}

/** LiNeS: alpha in the first layer and outside the layers, alpha + beta in the last, linear between. */
export function linesScale({ alpha, beta, layer = 0, layers }: LinesParameters): number {
  return layers < 2 ? alpha : alpha + (beta * layer) / (layers - 1);
}

/** Scales what a task-vector method added to the base. */
export function lines(base: Vector, merged: Vector, parameters: LinesParameters): Vector {
  return combine([base, subtract(merged, base)], [1, linesScale(parameters)]);
}

/** LiNeS' alpha for n models: the sum of magnitudes of the summed task vectors over that of the merged one, over n. */
export function linesAlpha(inputs: Inputs, merged: Vector): number {
  const deltas = taskVectors(inputs);
  const summed = combine(
    deltas,
    deltas.map(() => 1),
  );
  return sumOfMagnitudes(summed) / sumOfMagnitudes(subtract(merged, baseOf(inputs))) / deltas.length;
}
