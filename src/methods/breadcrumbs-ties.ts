import { addBreadcrumbs, BREADCRUMBS } from "./breadcrumbs-family.ts";
import { defineMethod } from "./define.ts";

export const breadcrumbsTies = defineMethod({
  ...BREADCRUMBS,
  name: "breadcrumbs_ties",
  title: "Model Breadcrumbs with TIES",
  summary:
    "Drops the smallest and the very largest entries of each task vector, and adds the rest where signs agree.",
  formula:
    "d_i = m_i (x_i - base);  g = sign(sum_i w_i d_i);  out = base + lambda sum w_i d_i  where signs agree",
  solve: (context, { cuts }) => addBreadcrumbs(context, cuts, true),
});
