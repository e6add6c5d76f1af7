import { defineMethod } from "./define.ts";
import { number } from "./params.ts";
import { overlap } from "./statistics.ts";

const REFERENCE = { title: "Reinforced Agent Merging", url: "https://arxiv.org/abs/2601.13572" };
const EPSILON = number({
  doc: "An entry is active if its magnitude is above this.",
  default: 1e-5,
  minimum: 0,
});

export const ram = defineMethod({
  name: "ram",
  title: "Reinforced Agent Merging",
  summary: "Averages the entries that several models changed, and takes over those that only one did.",
  formula: "out = base + sum_i active(d_i) / max(1, number of active models),  active: |d_i| > epsilon",
  reference: REFERENCE,
  details:
    "Use it for models tuned by reinforcement learning, whose changes are sparse: averaging would shrink what only " +
    "one of them learnt. In BF16 most small changes are exactly zero, and epsilon tells little.",
  base: "required",
  models: { min: 1 },
  parameters: { epsilon: EPSILON },
  whenMissing: "base",
  symmetric: true,
  solve: ({ n, parameters: { epsilon } }) => ({
    combination: { kind: "overlapMean", epsilon, singles: new Float64Array(n).fill(1) },
  }),
});

export const ramPlus = defineMethod({
  name: "ramplus_tl",
  title: "Reinforced Agent Merging Plus (Tensor-Local)",
  summary: "As ram, with the entries of one model alone enlarged by how much it shares with others.",
  formula:
    "as ram, d_i times 1 + r clamp(shared_i / max(unique_i, epsilon), 0, alpha) where only i is active",
  reference: REFERENCE,
  details:
    "The enlargement makes up for what averaging takes from a model whose changes overlap with others'.",
  base: "required",
  models: { min: 1 },
  parameters: {
    epsilon: EPSILON,
    r: number({ doc: "Strength of the enlargement.", default: 0.1 }),
    alpha: number({ doc: "Largest ratio of shared to unique entries that counts.", default: 0.2 }),
  },
  whenMissing: "base",
  symmetric: true,
  measure: ({ parameters: { epsilon } }) => ({ active: overlap(epsilon) }),
  solve: ({ parameters: { epsilon, r, alpha } }, { active: { shared, single } }) => {
    const singles = shared.map((count, i) => {
      const ratio = count / Math.max(single[i] ?? 0, epsilon);
      return 1 + r * Math.min(Math.max(ratio, 0), alpha);
    });
    return { combination: { kind: "overlapMean", epsilon, singles } };
  },
});
