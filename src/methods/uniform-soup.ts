import { weightedSum } from "./combination.ts";
import { defineMethod } from "./define.ts";

export const uniformSoup = defineMethod({
  name: "uniform_soup",
  title: "Uniform Soup",
  summary: "The plain mean of the fine-tuned models; a base model does not count.",
  formula: "out = mean(x_i)",
  reference: {
    title:
      "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference time",
    url: "https://arxiv.org/abs/2203.05482",
  },
  details:
    "Use it as the baseline for fine-tunes of one base with similar settings: there is nothing to tune. A base model " +
    "gives the output its config, tokenizer and other files, but not its weights. With models that differ widely the " +
    "mean may be worse than each of them.",
  base: "optional",
  models: { min: 1 },
  parameters: {},
  whenMissing: "error",
  symmetric: true,
  solve: ({ n }) => ({ combination: weightedSum(new Float64Array(n).fill(1 / n), 1) }),
});
