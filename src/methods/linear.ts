import { weightedSum } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { flag, number, perModel } from "./params.ts";
import { checkSum, sumOf } from "./weights.ts";

export const linear = defineMethod({
  name: "linear",
  title: "Linear",
  summary: "The weighted mean of the models, tensor by tensor.",
  formula: "out = sum_i w_i x_i / sum_i w_i  (without the division if normalize is false)",
  reference: {
    title:
      "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference time",
    url: "https://arxiv.org/abs/2203.05482",
  },
  details:
    "Use it for models that were fine-tuned from the same base with similar settings; with equal weights it is the " +
    "uniform soup. A base model is no more than one of the inputs. Weights may be negative, but with normalize " +
    "they must not cancel.",
  base: "ignored",
  models: { min: 1 },
  parameters: {
    weight: perModel(number({ doc: "Share of this model." })),
    normalize: flag({ doc: "Divide by the sum of the weights.", default: true }),
  },
  whenMissing: "error",
  symmetric: true,
  check: checkSum,
  solve: ({ parameters: { weight, normalize } }) => {
    if (!normalize) return { combination: weightedSum(weight) };
    const total = sumOf(weight);
    return {
      combination: weightedSum(
        weight.map((w) => w / total),
        1,
      ),
    };
  },
});
