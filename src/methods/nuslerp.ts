import { combineVectors } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { CANCELLED, cosine, movingVectors } from "./gram.ts";
import { flag, number, perModel } from "./params.ts";
import { gram } from "./statistics.ts";

/** Weights that sum to less than this cannot say a position. */
const SMALLEST_WEIGHT_SUM = 1e-6;
/** Squared sine of directions that are equal but for rounding. */
const PARALLEL = 1e-16;

export const nuslerp = defineMethod({
  name: "nuslerp",
  title: "NuSLERP",
  summary:
    "Interpolates between two models, or between their task vectors, along the arc at a position set by weights.",
  formula: "out = sin((1-t) a) / sin a * v1 + sin(t a) / sin a * v2  (+ base),  t = w2 / (w1 + w2)",
  details:
    "Without a base v1 and v2 are the models themselves; with one they are their task vectors, which often stand at a " +
    "right angle where the models hardly differ in direction. Opposite vectors have no arc and are interpolated on a " +
    "straight line, a zero vector counts as orthogonal, and weights that cancel mean halfway.",
  base: "optional",
  models: { min: 2, max: 2 },
  parameters: {
    weight: perModel(number({ doc: "Share of this model; only the ratio of the two counts." })),
    nuslerp_flatten: flag({
      doc: "Take each tensor as one vector, instead of each row or column.",
      default: true,
    }),
    nuslerp_row_wise: flag({
      doc:
        "Without nuslerp_flatten: take each column (first axis) as a vector, instead of each row (last axis). " +
        "The name is mergekit's.",
      default: false,
      idleBeside: "nuslerp_flatten",
    }),
  },
  whenMissing: "only",
  symmetric: true,
  granularity: ({ nuslerp_flatten: flatten, nuslerp_row_wise: columns }) =>
    flatten ? "tensor" : columns ? "column" : "row",
  measure: ({ hasBase }) => ({ products: gram(hasBase ? "taskVectors" : "weights") }),
  solve: ({ hasBase, parameters: { weight } }, { products }) => {
    const [w1 = NaN, w2 = NaN] = weight;
    const t = Math.abs(w1 + w2) < SMALLEST_WEIGHT_SUM ? 0.5 : w2 / (w1 + w2);
    const cos = movingVectors(products).length < 2 ? 0 : cosine(products, 0, 1);
    const angle = Math.acos(cos);
    const straight = 1 - cos * cos <= (cos < 0 ? CANCELLED ** 2 : PARALLEL);
    const c = straight ? [1 - t, t] : [(1 - t) * angle, t * angle].map((a) => Math.sin(a) / Math.sin(angle));
    return { combination: combineVectors(c, hasBase), report: { cos, angle: (angle * 180) / Math.PI, t } };
  },
});
