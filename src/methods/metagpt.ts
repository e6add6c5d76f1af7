import { addTaskVectors, weightedSum } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { inner } from "./gram.ts";
import { oneOf } from "./params.ts";
import { gram } from "./statistics.ts";

export const metagpt = defineMethod({
  name: "metagpt",
  title: "MetaGPT",
  summary: "Task arithmetic whose factors follow from the lengths of the task vectors: nothing to tune.",
  formula: "out = base + sum_i c_i (x_i - base),  c_i = |x_i - base|^2 / sum_k |x_k - base|^2",
  reference: {
    title: "MetaGPT: Merging Large Language Models Using Model Exclusive Task Arithmetic",
    url: "https://arxiv.org/abs/2406.11385",
  },
  details:
    "Use it for fine-tunes on different tasks, whose task vectors are nearly orthogonal; it needs no data. A model that " +
    "moved twice as far gets four times the share, so one that was trained much longer takes over. The lengths are " +
    "those of the whole models, as in the paper, unless granularity says otherwise.",
  base: "required",
  models: { min: 1 },
  parameters: {
    granularity: oneOf(["model", "layer", "tensor"], {
      doc: "What shares the factors: all of the model, all tensors of a layer, or each tensor by itself.",
      default: "model",
    }),
  },
  whenMissing: "base",
  symmetric: true,
  granularity: ({ granularity }) => granularity,
  measure: () => ({ products: gram("taskVectors") }),
  solve: ({ n }, { products }) => {
    const squares = Float64Array.from({ length: n }, (_, i) => inner(products, i, i));
    const total = squares.reduce((sum, square) => sum + square, 0);
    if (total === 0) return { combination: addTaskVectors(squares) };
    const shares = squares.map((square) => square / total);
    return { combination: weightedSum(shares, 1), report: { largestShare: Math.max(...shares) } };
  },
});
