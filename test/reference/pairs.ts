import { at, baseOf, clamp, map, onlyModel, slices, subtract, sum, vector } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/** Takes the model where it is within t of the base, and goes t (of the model's value) towards it elsewhere. */
export function nearswap(inputs: Inputs & { readonly t: number }): Vector {
  const [base, model] = [baseOf(inputs), onlyModel(inputs)];
  return map(base, (b, i) => {
    const w = clamp(inputs.t / Math.max(Math.abs(b - at(model, i)), 1e-6), 0, 1);
    return w * at(model, i) + (1 - w) * b;
  });
}

/**
 * Takes the model's entries whose importance |x - base| * KL(row) is at least median + 1.5 interquartile ranges, with
 * quantiles over all entries of the tensor, without interpolation, and base elsewhere.
 */
export function arceeFusion(inputs: Inputs): Vector {
  const [base, model] = [baseOf(inputs), onlyModel(inputs)];
  const importance = arceeImportance(inputs);
  const sorted = importance.toSorted();
  const quantile = (q: number) => at(sorted, Math.trunc(q * (sorted.length - 1)));
  const threshold = quantile(0.5) + 1.5 * (quantile(0.75) - quantile(0.25));
  return map(base, (b, i) => (at(importance, i) >= threshold ? at(model, i) : b));
}

/** |x - base| times the divergence of the softmax of the row of x from that of base. */
export function arceeImportance(inputs: Inputs): Vector {
  const [base, model] = [baseOf(inputs), onlyModel(inputs)];
  const delta = subtract(model, base);
  const out = new Float64Array(base.length).fill(NaN);
  const rows = slices(inputs.shape, "rows");
  for (const row of rows) {
    // A factor that all entries share chooses nothing; without it a threshold can be met exactly.
    const divergence = rows.length === 1 ? 1 : divergenceOfRow(row, model, base);
    for (const i of row) out[i] = Math.abs(at(delta, i)) * divergence;
  }
  return out;
}

/**
 * KL(p, q) = sum p log(p / q). As p and q have the same sum it equals the sum of p log(p / q) - p + q, no term of which
 * is negative: rounding cannot take the divergence below zero.
 */
function divergenceOfRow(row: readonly number[], model: Vector, base: Vector): number {
  const [p, q] = [softmax(row, model), softmax(row, base)];
  return sum(
    p.map((value, i) => value * Math.log(value / at(q, i)) - value + at(q, i)).map((v) => Math.max(v, 0)),
  );
}

function softmax(row: readonly number[], values: Vector): Vector {
  const largest = Math.max(...row.map((i) => at(values, i)));
  const powers = vector(row.length, (k) => Math.exp(at(values, at(row, k)) - largest));
  const total = sum(powers);
  return powers.map((power) => power / total + 1e-8);
}
