import { combineVectors } from "./combination.ts";
import { defineMethod } from "./define.ts";
import { norm } from "./gram.ts";
import { meanDirection } from "./karcher-mean.ts";
import { integer, number } from "./params.ts";
import { gram } from "./statistics.ts";

export const karcher = defineMethod({
  name: "karcher",
  title: "Karcher Mean",
  summary: "The mean of the models' directions on the sphere, at the mean of their lengths.",
  formula: "out = mean(|x_i|) u,  u = the unit vector with the smallest sum of squared angles to the x_i",
  reference: { title: "Karcher mean", url: "https://en.wikipedia.org/wiki/Karcher_mean" },
  details:
    "Use it like SLERP for any number of models, all with the same weight. A base model is no more than one of them. " +
    "The iteration runs on the inner products of the models, so its number of steps costs nothing. Of directions that " +
    "cancel the first one is taken.",
  base: "ignored",
  models: { min: 1 },
  parameters: {
    max_iter: integer({ doc: "Most steps of the iteration.", default: 10, minimum: 0 }),
    tol: number({
      doc: "Length of a step at which the iteration ends; tensors no longer than this have no direction.",
      default: 1e-5,
      minimum: 0,
    }),
  },
  whenMissing: "error",
  symmetric: true,
  measure: () => ({ products: gram("weights") }),
  solve: ({ n, parameters: { max_iter: maxSteps, tol } }, { products }) => {
    const norms = Float64Array.from({ length: n }, (_, i) => norm(products, i));
    const moving = [...norms.keys()].filter((i) => (norms[i] ?? 0) > tol);
    if (n === 1 || moving.length === 0) return { combination: combineVectors(norms.fill(1 / n), false) };
    const { direction, steps } = meanDirection(products, moving, maxSteps, tol);
    const length = norms.reduce((sum, each) => sum + each, 0) / n;
    const c = new Float64Array(n);
    moving.forEach((i, k) => (c[i] = (length * (direction[k] ?? NaN)) / (norms[i] ?? NaN)));
    return { combination: combineVectors(c, false), report: { steps } };
  },
});
