import { defineMethod } from "./define.ts";
import { addDella, DELLA, dellaParameters } from "./della-family.ts";

export const della = defineMethod({
  ...DELLA,
  name: "della",
  title: "DELLA",
  summary:
    "Drops entries of each task vector at random, small ones more often, and averages the rest where signs agree.",
  formula:
    "d_i = rescale(m_i (x_i - base)),  m_i = 1 with probability p_i;  g = sign(sum_i w_i d_i);  out = base + lambda sum w_i d_i / sum w_i  where signs agree",
  parameters: dellaParameters(true),
  solve: (context, { sums }) => addDella(context, sums, true),
});
