import { addTaskVectors } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { LINES, linesFactor } from "./lines.ts";
import { flag, number, perModel } from "./params.ts";
import { checkSumOfParts, divisorOf } from "./weights.ts";

export const taskArithmetic = defineMethod({
  name: "task_arithmetic",
  title: "Task Arithmetic",
  summary: "Adds the weighted task vectors (fine-tuned model minus base) to the base.",
  formula: "out = base + lambda sum_i w_i (x_i - base)  (divided by sum_i w_i if normalize is true)",
  reference: { title: "Editing Models with Task Arithmetic", url: "https://arxiv.org/abs/2212.04089" },
  details:
    "Use it to add skills of several fine-tunes, or with a negative weight to take one away. Large sums of weights " +
    "leave the region in which task vectors add up: lower lambda when the result degrades, or only in the first " +
    "layers with lines_alpha below 1 (LiNeS).",
  base: "required",
  models: { min: 1 },
  parameters: {
    weight: perModel(number({ doc: "Factor of this model's task vector." })),
    lambda: number({ doc: "Factor of the sum of the task vectors.", default: 1 }),
    normalize: flag({ doc: "Divide by the sum of the weights.", default: false }),
    ...LINES,
    density: perModel(
      number({
        doc: "Share of the task vector's entries to keep in related methods.",
        default: 1,
        noEffect: "Task arithmetic keeps every entry of a task vector.",
      }),
    ),
    rescale: flag({
      doc: "Restore the size of a task vector after dropping entries in related methods.",
      default: false,
      noEffect: "Task arithmetic drops nothing, so there is nothing to restore.",
    }),
    int8_mask: flag({
      doc: "Dtype of intermediate masks in mergekit.",
      default: false,
      noEffect: "No mask is stored.",
    }),
  },
  whenMissing: "base",
  symmetric: true,
  check: checkSumOfParts,
  solve: (context) => {
    const { weight, lambda } = context.parameters;
    const divisor = divisorOf(context.parameters);
    const factor = lambda * linesFactor(context.parameters, context);
    return { combination: addTaskVectors(weight.map((w) => (factor * w) / divisor)) };
  },
});
