import { defineMethod } from "./define.ts";
import { addDella, checkProbabilities, DELLA, dellaParameters } from "./della-family.ts";
import { checkSumOfParts } from "./weights.ts";

export const dellaLinear = defineMethod({
  ...DELLA,
  name: "della_linear",
  title: "Linear DELLA",
  summary: "Drops entries of each task vector at random, small ones more often, and adds up the rest.",
  formula:
    "out = base + lambda sum_i w_i rescale(m_i (x_i - base)),  m_i = 1 with probability p_i by rank in the row",
  parameters: dellaParameters(false),
  check: (parameters) => checkProbabilities(parameters) ?? checkSumOfParts(parameters),
  solve: (context, { sums }) => addDella(context, sums, false),
});
