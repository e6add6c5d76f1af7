import { weightedSum } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { number, optional, perModel } from "./params.ts";

export const passthrough = defineMethod({
  name: "passthrough",
  title: "Passthrough",
  summary:
    "Hands the tensors of one model through, optionally scaled: for stacking layers of several models.",
  formula: "out = scale x",
  details:
    "Use it with slices to build a deeper or shallower model, or in an override to take some tensors from one model. " +
    "Without a scale the bytes are copied.",
  base: "ignored",
  models: { min: 1, max: 1 },
  parameters: {
    scale: optional(perModel(number({ doc: "Factor of the tensor; absent: the tensor as it is." }))),
  },
  whenMissing: "error",
  symmetric: true,
  isCopy: ({ scale }) => scale.every((factor) => factor === undefined || factor === 1),
  solve: ({ parameters: { scale } }) => ({ combination: weightedSum(scale.map((factor) => factor ?? 1)) }),
});
