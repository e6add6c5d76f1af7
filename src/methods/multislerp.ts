import { combineVectors } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { CANCELLED, norm, squaredLength } from "./gram.ts";
import { flag, number, perModel } from "./params.ts";
import { gram } from "./statistics.ts";
import { checkSum, sumOf } from "./weights.ts";

export const multislerp = defineMethod({
  name: "multislerp",
  title: "Multi-SLERP",
  summary:
    "The weighted mean of the models' directions, or of their task vectors', at the weighted mean of their lengths.",
  formula: "out = (sum_i w_i |v_i|) m / |m|  (+ base),  m = sum_i w_i v_i / |v_i|",
  reference: {
    title: "Multi-SLERP",
    url: "https://goddard.blog/posts/multislerp-wow-what-a-cool-idea",
  },
  details:
    "Use it to keep the length of the vectors, which a plain mean shortens. Without a base the v_i are the models, with " +
    "one their task vectors. Directions that cancel are summed with their weights instead, and a single model comes " +
    "out as it is.",
  base: "optional",
  models: { min: 1 },
  parameters: {
    weight: perModel(number({ doc: "Share of this model." })),
    normalize_weights: flag({ doc: "Divide the weights by their sum.", default: true }),
    eps: number({
      doc: "Added to each length before dividing by it; a mean direction shorter than this counts as cancelled.",
      default: 1e-8,
      minimum: 0,
    }),
  },
  whenMissing: "error",
  symmetric: true,
  check: ({ weight, normalize_weights: normalize }) =>
    weight.length > 1 ? checkSum({ weight, normalize }) : undefined,
  measure: ({ hasBase }) => ({ products: gram(hasBase ? "taskVectors" : "weights") }),
  solve: ({ n, hasBase, parameters }, { products }) => {
    const { weight, normalize_weights: normalize, eps } = parameters;
    if (n === 1) return { combination: combineVectors([1], hasBase) };
    const w = weight.map((each) => (normalize ? each / sumOf(weight) : each));
    const norms = w.map((_, i) => norm(products, i));
    const direction = w.map((each, i) => (norms[i] === 0 ? 0 : each / ((norms[i] ?? NaN) + eps)));
    const length = Math.sqrt(squaredLength(products, direction));
    const longest = sumOf(direction.map((each, i) => Math.abs(each) * (norms[i] ?? NaN)));
    if (length < eps || length <= CANCELLED * longest)
      return { combination: combineVectors(w, hasBase), report: { length } };
    const radius = sumOf(w.map((each, i) => each * (norms[i] ?? NaN)));
    const c = direction.map((each) => (each * radius) / length);
    return { combination: combineVectors(c, hasBase), report: { length } };
  },
});
