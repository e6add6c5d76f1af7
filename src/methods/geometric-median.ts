import { weightedSum } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { number, oneOf, perModel } from "./params.ts";
import { gram } from "./statistics.ts";
import { weiszfeld } from "./weiszfeld.ts";

export const geometricMedian = defineMethod({
  name: "geometric_median",
  title: "Geometric Median",
  summary:
    "The point with the smallest weighted sum of distances to the models: a mean that outliers cannot pull away.",
  formula: "out = argmin_y sum_i w_i |y - x_i|",
  reference: { title: "Robust Aggregation for Federated Learning", url: "https://arxiv.org/abs/1912.13445" },
  details:
    "Use it for three or more models of which one may have gone astray. Models with more than half of the weight that " +
    "agree decide alone; of two with equal weights it is the mean. A base model gives the output its config, tokenizer " +
    "and other files, but not its weights.",
  base: "optional",
  models: { min: 1 },
  parameters: {
    weight: perModel(number({ doc: "Factor of this model's distance.", default: 1, minimum: 0 })),
    granularity: oneOf(["tensor", "row", "layer", "model"], {
      doc: "What shares one median: each tensor, each row, all tensors of a layer, or all of the model.",
      default: "tensor",
    }),
  },
  whenMissing: "error",
  symmetric: true,
  granularity: ({ granularity }) => granularity,
  check: ({ weight }) =>
    weight.every((each) => each === 0) ? "all weights are 0, so every point is a median" : undefined,
  measure: () => ({ differences: gram("differences") }),
  solve: ({ parameters: { weight } }, { differences }) => {
    const { coefficients, steps } = weiszfeld(differences, weight);
    const largestShare = Math.max(...coefficients);
    return { combination: weightedSum(coefficients, 1), report: { steps, largestShare } };
  },
});
