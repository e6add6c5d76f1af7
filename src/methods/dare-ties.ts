import { addDare, DARE } from "./dare-family.ts";
import { defineMethod } from "./define.ts";

export const dareTies = defineMethod({
  ...DARE,
  name: "dare_ties",
  title: "DARE TIES",
  summary:
    "Drops entries of each task vector at random, rescales the rest, and adds those that agree in sign.",
  formula:
    "d_i = rescale(m_i (x_i - base));  g = sign(sum_i w_i d_i);  out = base + lambda sum w_i d_i  where signs agree",
  solve: (context, { sums }) => addDare(context, sums, true),
});
