import { addDare, DARE } from "./dare-family.ts";
import { defineMethod } from "./define.ts";
import { checkSumOfParts } from "./weights.ts";

export const dareLinear = defineMethod({
  ...DARE,
  check: checkSumOfParts,
  name: "dare_linear",
  title: "Linear DARE",
  summary: "Drops entries of each task vector at random, rescales the rest, and adds them up.",
  formula: "out = base + lambda sum_i w_i rescale(m_i (x_i - base)),  m_i = 1 with probability density",
  solve: (context, { sums }) => addDare(context, sums, false),
});
