import { weightedSumWithBase } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { number } from "./params.ts";

export const wiseFt = defineMethod({
  name: "wise_ft",
  title: "WiSE-FT",
  summary: "Goes on a straight line from the base to one fine-tuned model.",
  formula: "out = (1 - alpha) base + alpha x",
  reference: { title: "Robust fine-tuning of zero-shot models", url: "https://arxiv.org/abs/2109.01903" },
  details:
    "Use it to win back what a fine-tune has lost of its base's abilities: 0.5 is a good first try. 0 gives the base " +
    "and 1 the fine-tune, bit for bit; values outside [0, 1] extrapolate.",
  base: "required",
  models: { min: 1, max: 1 },
  parameters: { alpha: number({ doc: "Share of the fine-tuned model." }) },
  whenMissing: "base",
  symmetric: true,
  solve: ({ parameters: { alpha } }) => ({ combination: weightedSumWithBase(1 - alpha, [alpha], 1) }),
});
