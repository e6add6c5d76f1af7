import { baseOf, bySlice, clamp, combine, dot, mean, norm, taskVectors } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

export interface ModelStockParameters {
  readonly theta?: "cosine" | "angle" | "gram";
  readonly granularity?: "tensor" | "row";
  readonly filter_wise?: boolean;
}

/** base + t * mean of the task vectors, with Model Stock's ratio t per tensor or per row. */
export function modelStock(inputs: Inputs & ModelStockParameters): Vector {
  const { models, shape, theta = "cosine", granularity = "tensor", filter_wise: filterWise = false } = inputs;
  const slicing = filterWise || granularity === "row" ? "rows" : "tensor";
  return bySlice([baseOf(inputs), ...models], shape, slicing, ([base, ...parts]) => {
    if (base === undefined) return new Float64Array();
    const deltas = taskVectors({ base, models: parts, shape });
    const t = modelStockRatio(deltas, theta);
    return combine([base, ...deltas], [1, ...deltas.map((_, __, all) => t / all.length)]);
  });
}

/** The ratio t in [0, 1]; zero task vectors have no direction, and without two directions it is 0. */
export function modelStockRatio(deltas: readonly Vector[], theta: "cosine" | "angle" | "gram"): number {
  const n = deltas.length;
  if (theta === "gram") {
    const m = mean(overPairs(deltas, dot));
    const s = mean(deltas.map((delta) => dot(delta, delta)));
    return m > 0 ? (n * m) / (s + (n - 1) * m) : 0;
  }
  const moving = deltas.filter((delta) => norm(delta) > 0);
  if (moving.length < 2) return 0;
  const cosines = overPairs(moving, (a, b) => clamp(dot(a, b) / (norm(a) * norm(b)), -1, 1));
  const cos = theta === "cosine" ? mean(cosines) : Math.cos(mean(cosines.map(Math.acos)));
  return cos > 0 ? (n * cos) / (1 + (n - 1) * cos) : 0;
}

function overPairs(vectors: readonly Vector[], f: (a: Vector, b: Vector) => number): number[] {
  return vectors.flatMap((a, i) => vectors.slice(i + 1).map((b) => f(a, b)));
}
