import { weightedSum } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { flag, number, perModel } from "./params.ts";

/** Weights that cancel to less than this cannot be normalised. */
const SMALLEST_WEIGHT_SUM = 1e-8;

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
  check: ({ weight, normalize }) =>
    normalize && Math.abs(sum(weight)) < SMALLEST_WEIGHT_SUM
      ? `the weights ${weight.join(", ")} sum to zero and cannot be normalised`
      : undefined,
  solve: ({ parameters: { weight, normalize } }) => {
    if (!normalize) return { combination: weightedSum(weight) };
    const total = sum(weight);
    return {
      combination: weightedSum(
        weight.map((w) => w / total),
        1,
      ),
    };
  },
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
