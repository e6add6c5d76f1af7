import { weightedSumWithBase } from "./combination.ts";
import { defineMethod } from "./define.ts";
import * as stock from "./gram.ts";
import { flag, oneOf } from "./params.ts";
import { gram } from "./statistics.ts";

export const modelStock = defineMethod({
  name: "model_stock",
  title: "Model Stock",
  summary:
    "Moves the mean of the fine-tuned models towards the base, as far as the angle between their task vectors asks.",
  formula: "out = t mean(x_i) + (1-t) base,  t = N cos / (1 + (N-1) cos),  cos = mean over pairs",
  reference: {
    title: "Model Stock: All we need is just a few fine-tuned models",
    url: "https://arxiv.org/abs/2403.19522",
  },
  details:
    "Use it for two or more fine-tunes of one base: nothing to tune, and robust when one of them went astray. " +
    "Nearly orthogonal task vectors (cosine 0.05) give almost the base, and a negative cosine gives the base. " +
    "A model that equals the base at a tensor has no direction there and is left out of the angle.",
  base: "required",
  models: { min: 2 },
  parameters: {
    theta: oneOf(["cosine", "angle", "gram"], {
      doc: "How the angle is averaged: cosines of pairs, angles of pairs, or the Gram matrix with the norms in it.",
      default: "cosine",
    }),
    granularity: oneOf(["tensor", "row", "layer", "model"], {
      doc: "What shares one ratio: each tensor, each row, all tensors of a layer, or all of the model.",
      default: "tensor",
    }),
    filter_wise: flag({ doc: "mergekit's name for granularity: row.", default: false }),
  },
  whenMissing: "base",
  symmetric: true,
  granularity: ({ granularity, filter_wise }) => (filter_wise ? "row" : granularity),
  check: ({ granularity, filter_wise }) =>
    filter_wise && granularity !== "tensor" && granularity !== "row"
      ? `filter_wise means granularity row, and granularity says ${granularity}`
      : undefined,
  measure: () => ({ products: gram("taskVectors") }),
  solve: ({ n, parameters: { theta } }, { products }) => {
    const zeroVectors = n - stock.movingVectors(products).length;
    const meanCos = stock.meanPairwiseCosine(products);
    const meanAngle = stock.meanPairwiseAngle(products);
    // With fewer than two directions there is no angle and no ratio, and nothing speaks for leaving the base.
    if (meanCos === undefined || meanAngle === undefined)
      return { ...solution(n, 0), report: { zeroVectors } };
    const cos = theta === "angle" ? Math.cos(meanAngle) : meanCos;
    const sign = theta === "gram" ? stock.meanPairwiseProduct(products) : cos;
    const t = theta === "gram" ? stock.ratioFromGram(products) : stock.ratioFromCosine(cos, n);
    const angle = ((theta === "angle" ? meanAngle : Math.acos(cos)) * 180) / Math.PI;
    return { ...solution(n, t), report: { cos, angle, t, clamped: sign < 0 ? 1 : 0, zeroVectors } };
  },
});

function solution(n: number, t: number) {
  return { combination: weightedSumWithBase(1 - t, new Float64Array(n).fill(t / n), 1) };
}
