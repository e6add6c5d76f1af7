import { defineMethod } from "./define.ts";
import { integer, number, perModel } from "./params.ts";

export const consensusTa = defineMethod({
  name: "consensus_ta",
  title: "Consensus Task Arithmetic",
  summary: "Adds the task vectors only in entries that matter to several of the models.",
  formula:
    "S = sum_i d_i;  m_i = |d_i| > tall_lambda_i |S - d_i|;  out = base + lambda S where sum_i m_i >= k",
  reference: {
    title: "Localizing Task Information for Improved Model Merging and Compression",
    url: "https://arxiv.org/abs/2405.07813",
  },
  details:
    "Use it for many tasks: entries that serve one task alone, or none, are left at the base. With k = 0 it is task " +
    "arithmetic with equal weights; with k above the number of models, the base.",
  base: "required",
  models: { min: 1 },
  parameters: {
    lambda: number({ doc: "Factor of the sum of the task vectors, to be tuned." }),
    k: integer({ doc: "Models that an entry must matter to.", default: 2, minimum: 0 }),
    tall_lambda: perModel(
      number({
        doc: "How much an entry must stand out from the others' sum to matter.",
        default: 0.4,
        minimum: 0,
      }),
    ),
  },
  whenMissing: "base",
  symmetric: true,
  solve: ({ parameters: { lambda, k, tall_lambda: ratios } }) => ({
    combination: { kind: "agreed", ratios: Float64Array.from(ratios), least: k, scale: lambda },
  }),
});
