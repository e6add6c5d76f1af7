import { weightedSumWithBase } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { inner } from "./gram.ts";
import { number } from "./params.ts";
import { gram } from "./statistics.ts";

/** Shorter vectors are not normalised, as in mergekit. */
const SMALLEST_NORM = 1e-8;
/** Above this |cosine| the sine in the denominator is too small and the straight line as good as the arc. */
const STRAIGHT = 0.9995;

export const slerp = defineMethod({
  name: "slerp",
  title: "SLERP",
  summary: "Interpolates between the base and one model along the arc between their directions.",
  formula: "out = sin((1-t) a) / sin a * base + sin(t a) / sin a * x,  a = the angle between base and x",
  reference: { title: "Slerp", url: "https://en.wikipedia.org/wiki/Slerp" },
  details:
    "Each tensor is one vector. Tensors whose cosine is above 0.9995 - nearly all of two siblings' - are " +
    "interpolated on a straight line. t = 0 gives the base and t = 1 the model, bit for bit.",
  base: "required",
  models: { min: 1, max: 1 },
  parameters: { t: number({ doc: "Position between base (0) and model (1)." }) },
  whenMissing: "only",
  symmetric: false,
  measure: () => ({ products: gram("weights") }),
  solve: ({ parameters: { t } }, { products }) => {
    const norm = (i: number) => {
      const length = Math.sqrt(inner(products, i, i));
      return length > SMALLEST_NORM ? length : 1;
    };
    const cos = Math.min(1, Math.max(-1, inner(products, 0, 1) / (norm(0) * norm(1))));
    const theta = Math.acos(cos);
    const report = { cos, angle: (theta * 180) / Math.PI, t };
    if (Math.abs(cos) > STRAIGHT) return { combination: weightedSumWithBase(1 - t, [t], 1), report };
    const along = theta * t;
    const c0 = Math.sin(theta - along) / Math.sin(theta);
    return { combination: weightedSumWithBase(c0, [Math.sin(along) / Math.sin(theta)]), report };
  },
});
