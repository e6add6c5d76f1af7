import { defineMethod } from "./define.ts";
import { number } from "./params.ts";

export const RAM_REFERENCE = { title: "Reinforced Agent Merging", url: "https://arxiv.org/abs/2601.13572" };
export const RAM_EPSILON = number({
  doc: "An entry is active if its magnitude is above this.",
  default: 1e-5,
  minimum: 0,
});

export const ram = defineMethod({
  name: "ram",
  title: "Reinforced Agent Merging",
  summary: "Averages the entries that several models changed, and takes over those that only one did.",
  formula: "out = base + sum_i active(d_i) / max(1, number of active models),  active: |d_i| > epsilon",
  reference: RAM_REFERENCE,
  details:
    "Use it for models tuned by reinforcement learning, whose changes are sparse: averaging would shrink what only " +
    "one of them learnt. In BF16 most small changes are exactly zero, and epsilon tells little.",
  base: "required",
  models: { min: 1 },
  parameters: { epsilon: RAM_EPSILON },
  whenMissing: "base",
  symmetric: true,
  solve: ({ n, parameters: { epsilon } }) => ({
    combination: { kind: "overlapMean", epsilon, singles: new Float64Array(n).fill(1) },
  }),
});
