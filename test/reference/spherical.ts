import {
  add,
  baseOf,
  bySlice,
  clamp,
  combine,
  dot,
  map,
  norm,
  onlyModel,
  scale,
  subtract,
  sum,
  taskVectors,
} from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/** Directions whose sum is shorter cancel: nothing but rounding says where it points. */
const CANCELLED = 1e-3;

const cosine = (a: Vector, b: Vector): number => clamp(dot(a, b), -1, 1);

/** From the base (t = 0) to the model (t = 1) along the arc; straight where |cos| > 0.9995. */
export function slerp(inputs: Inputs & { readonly t: number }): Vector {
  const { t } = inputs;
  const pair = [baseOf(inputs), onlyModel(inputs)] as const;
  const units = pair.map((v) => scale(v, norm(v) > 1e-8 ? 1 / norm(v) : 1)) as [Vector, Vector];
  const cos = cosine(...units);
  if (Math.abs(cos) > 0.9995) return combine(pair, [1 - t, t]);
  const angle = Math.acos(cos);
  return combine(pair, [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)]);
}

export interface NuslerpParameters {
  readonly weight: readonly number[];
  readonly nuslerp_flatten?: boolean;
  readonly nuslerp_row_wise?: boolean;
}

/** SLERP of two models by weights, of their task vectors if there is a base; "row_wise" runs along columns. */
export function nuslerp(inputs: Inputs & NuslerpParameters): Vector {
  const { base, models, shape, nuslerp_flatten: flatten = true, nuslerp_row_wise: columns = false } = inputs;
  const [first = NaN, second = NaN] = inputs.weight;
  const t = Math.abs(first + second) < 1e-6 ? 0.5 : second / (first + second);
  const vectors = base === undefined ? models : taskVectors(inputs);
  const merged = bySlice(vectors, shape, flatten ? "tensor" : columns ? "columns" : "rows", (pair) => {
    const units = pair.map((v) => scale(v, 1 / Math.max(norm(v), 1e-7))) as [Vector, Vector];
    const cos = cosine(...units);
    // Opposite vectors have no arc.
    if (1 - cos * cos <= (cos < 0 ? CANCELLED ** 2 : 1e-16)) return combine(pair, [1 - t, t]);
    const angle = Math.acos(cos);
    return combine(pair, [
      Math.sin((1 - t) * angle) / Math.sin(angle),
      Math.sin(t * angle) / Math.sin(angle),
    ]);
  });
  return base === undefined ? merged : add(base, merged);
}

export interface MultislerpParameters {
  readonly weight: readonly number[];
  readonly normalize_weights?: boolean;
  readonly eps?: number;
}

/**
 * Weighted mean of directions on the sphere, by one step in the tangent plane of the normalised mean, times the
 * weighted mean of the norms; of task vectors if there is a base. Directions that cancel are summed with their weights.
 */
export function multislerp(inputs: Inputs & MultislerpParameters): Vector {
  const { base, models, normalize_weights: normalize = true, eps = 1e-8 } = inputs;
  if (models.length === 1) return onlyModel(inputs);
  const total = sum(inputs.weight);
  if (normalize && total === 0) throw new Error("the weights sum to zero");
  const weight = inputs.weight.map((w) => (normalize ? w / total : w));
  const vectors = base === undefined ? models : taskVectors(inputs);
  const merged = alongTangent(vectors, weight, eps);
  return base === undefined ? merged : add(base, merged);
}

function alongTangent(vectors: readonly Vector[], weight: readonly number[], eps: number): Vector {
  const units = vectors.map((v) => scale(v, 1 / (norm(v) + eps)));
  const average = combine(units, weight);
  const longest = sum(units.map((u, i) => Math.abs(weight[i] ?? NaN) * norm(u)));
  if (norm(average) < eps || norm(average) <= CANCELLED * longest) return combine(vectors, weight);
  const pole = scale(average, 1 / norm(average));
  const tangents = units.map((u) => subtract(u, scale(pole, dot(u, pole))));
  const tangent = combine(tangents, weight);
  const r = norm(tangent) + eps;
  const radius = sum(vectors.map((v, i) => (weight[i] ?? NaN) * norm(v)));
  return map(pole, (p, i) => (p * Math.cos(r) + ((tangent[i] ?? NaN) * Math.sin(r)) / r) * radius);
}

/**
 * Karcher mean of the directions with equal weights, times the mean norm; vectors no longer than `tol` are left out. If
 * all are, the plain mean.
 */
export function karcher(inputs: Inputs & { readonly max_iter?: number; readonly tol?: number }): Vector {
  const { models, max_iter: maxIterations = 10, tol = 1e-5 } = inputs;
  if (models.length === 1) return onlyModel(inputs);
  const units = models.filter((v) => norm(v) > tol).map((v) => scale(v, 1 / norm(v)));
  const [first] = units;
  if (first === undefined)
    return combine(
      models,
      models.map(() => 1 / models.length),
    );
  const share = 1 / units.length;
  const average = combine(units, Array<number>(units.length).fill(share));
  let u = norm(average) < Math.max(tol, CANCELLED) ? first : scale(average, 1 / norm(average));
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    let tangent: Vector = new Float64Array(u.length);
    for (const unit of units) {
      const cos = cosine(u, unit);
      const angle = Math.acos(cos);
      if (angle < tol || (cos < 0 && Math.sin(angle) < CANCELLED)) continue;
      tangent = add(tangent, scale(subtract(unit, scale(u, cos)), (share * angle) / Math.sin(angle)));
    }
    const length = norm(tangent);
    if (length < tol) break;
    u = combine([u, tangent], [Math.cos(length), Math.sin(length) / length]);
    if (norm(u) > tol) u = scale(u, 1 / norm(u));
  }
  return scale(u, sum(models.map(norm)) / models.length);
}
