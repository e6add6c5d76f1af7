import { addBreadcrumbs, BREADCRUMBS } from "./breadcrumbs-family.ts";
import { defineMethod } from "./define.ts";
import { checkSumOfParts } from "./weights.ts";

export const breadcrumbs = defineMethod({
  ...BREADCRUMBS,
  check: checkSumOfParts,
  name: "breadcrumbs",
  title: "Model Breadcrumbs",
  summary: "Drops the smallest and the very largest entries of each task vector, and adds up the rest.",
  formula:
    "out = base + lambda sum_i w_i m_i (x_i - base),  m_i = 1 for the share density below the largest gamma",
  solve: (context, { cuts }) => addBreadcrumbs(context, cuts, false),
});
