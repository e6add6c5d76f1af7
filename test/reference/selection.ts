import { at, baseOf, clamp, map, scale, sum, taskVectors, vector } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/** base + lambda * (per element the task vector of largest magnitude; the last one among equals). */
export function magmax(inputs: Inputs & { readonly lambda?: number }): Vector {
  const base = baseOf(inputs);
  const deltas = taskVectors(inputs);
  return map(base, (b, i) => {
    let chosen = 0;
    for (const delta of deltas) if (Math.abs(at(delta, i)) >= Math.abs(chosen)) chosen = at(delta, i);
    return b + (inputs.lambda ?? 1) * chosen;
  });
}

export interface ConsensusTaParameters {
  readonly lambda: number;
  /** How many models' masks must select an entry. */
  readonly k?: number;
  /** Strictness of the masks, one per model. */
  readonly tall_lambda?: readonly number[];
}

/**
 * base + lambda * the sum of the task vectors, where at least k models select the entry: those whose task vector there
 * is larger than tall_lambda times its distance to the sum.
 */
export function consensusTa(inputs: Inputs & ConsensusTaParameters): Vector {
  const { lambda, k = 2, tall_lambda: strictness = [] } = inputs;
  const deltas = taskVectors(inputs);
  return map(baseOf(inputs), (b, i) => {
    const column = deltas.map((delta) => at(delta, i));
    const total = sum(column);
    const selecting = column.filter((d, m) => Math.abs(d) > Math.abs(total - d) * (strictness[m] ?? 0.4));
    return b + (selecting.length >= k ? lambda * total : 0);
  });
}

/**
 * Parameter competition balancing, as in the authors' pcb-merging.py but tensor by tensor: entries are scored by their
 * own magnitude and by agreement with the sum of the task vectors, the best `ratio` of them weighted by their score.
 */
export function pcb(inputs: Inputs & { readonly ratio?: number; readonly lambda?: number }): Vector {
  const { ratio = 0.1, lambda = 1 } = inputs;
  const base = baseOf(inputs);
  const deltas = taskVectors(inputs);
  const total = vector(base.length, (i) => sum(deltas.map((delta) => at(delta, i))));
  const clipped = deltas.map((delta) => {
    const magnitudes = clampByRank(map(delta, Math.abs), 0.0001, 0.0001);
    return map(delta, (value, i) => Math.sign(value) * at(magnitudes, i));
  });
  const shares = deltas.map((delta, m) => {
    const own = stretched(map(clipped[m] ?? delta, Math.abs));
    const score = map(delta, (value, i) => {
      return Math.exp(deltas.length * at(own, i) ** 2) * Math.tanh(value * at(total, i));
    });
    return stretched(clampByRank(score, 1 - ratio, 0));
  });
  return map(base, (b, i) => {
    const weighted = sum(shares.map((share, m) => at(share, i) * at(clipped[m] ?? share, i)));
    return b + (lambda * weighted) / Math.max(sum(shares.map((share) => at(share, i))), 1e-12);
  });
}

/** Clamps to the values at ranks int(N * low) and int(N * (1 - high) - 1) of ascending order. */
function clampByRank(values: Vector, low: number, high: number): Vector {
  const sorted = values.toSorted();
  const n = values.length;
  const [least, most] = [at(sorted, Math.trunc(n * low)), at(sorted, Math.trunc(n * (1 - high) - 1))];
  return map(values, (value) => clamp(value, least, most));
}

/** Linearly to [0, 1]; all zero if there is nothing to stretch. */
function stretched(values: Vector): Vector {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return most === least ? scale(values, 0) : map(values, (value) => (value - least) / (most - least));
}
