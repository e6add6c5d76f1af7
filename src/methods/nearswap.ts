import { defineMethod } from "./define.ts";
import { number } from "./params.ts";

export const nearswap = defineMethod({
  name: "nearswap",
  title: "NearSwap",
  summary:
    "Takes the model's entries where it is near the base, and moves towards it by a fixed step elsewhere.",
  formula: "out = w x + (1-w) base,  w = clamp(t / |x - base|, 0, 1)",
  reference: {
    title: "QuartetAnemoi-70B-t0.0001",
    url: "https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001",
  },
  details: "Use it to give a strong base the flavour of another model: no entry moves by more than t.",
  base: "required",
  models: { min: 1, max: 1 },
  parameters: { t: number({ doc: "Distance up to which an entry is swapped; the step beyond it." }) },
  whenMissing: "base",
  symmetric: false,
  solve: ({ parameters: { t } }) => ({ combination: { kind: "nearswap", t } }),
});
