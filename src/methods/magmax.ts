import { defineMethod } from "./define.ts";
import { number } from "./params.ts";

export const magmax = defineMethod({
  name: "magmax",
  title: "MagMax",
  summary: "Takes, entry by entry, the task vector that moved furthest from the base.",
  formula: "out = base + lambda d_k,  k = argmax_i |x_i - base|",
  reference: {
    title: "MagMax: Leveraging Model Merging for Seamless Continual Learning",
    url: "https://arxiv.org/abs/2407.06322",
  },
  details:
    "Use it for models that were fine-tuned one after the other. Of entries that moved equally far, the last model's " +
    "is taken. With lambda 1 the model's own value is taken as it is.",
  base: "required",
  models: { min: 1 },
  parameters: {
    lambda: number({ doc: "Factor of the chosen entries; the authors scale by 0.5.", default: 1 }),
  },
  whenMissing: "base",
  symmetric: false,
  solve: ({ parameters: { lambda } }) => ({ combination: { kind: "largest", scale: lambda } }),
});
