import { weightedSum } from "../../src/methods/combination.ts";
import { defineMethod } from "../../src/methods/define.ts";
import { METHODS } from "../../src/methods/index.ts";
import { flag, integer, number, perModel } from "../../src/methods/params.ts";
import type { AnyMethod } from "../../src/methods/define.ts";
import type { ParameterSpecs } from "../../src/methods/params.ts";

function declare(
  name: string,
  base: AnyMethod["base"],
  models: AnyMethod["models"],
  parameters: ParameterSpecs,
): AnyMethod {
  return defineMethod({
    name,
    title: name,
    summary: `Stands for ${name} in tests.`,
    formula: "",
    base,
    models,
    parameters,
    whenMissing: "error",
    symmetric: false,
    solve: ({ n }) => ({ combination: weightedSum(new Float64Array(n)) }),
  });
}

const weight = perModel(number({ doc: "Factor." }));
const density = perModel(number({ doc: "Share kept.", default: 1, minimum: 0, maximum: 1 }));
const gamma = perModel(number({ doc: "Share of outliers.", default: 0.01 }));
const epsilon = perModel(number({ doc: "Spread.", default: 0.15 }));
const lambda = number({ doc: "Factor of the sum.", default: 1 });
const rescale = flag({ doc: "Rescale.", default: true });
const normalize = flag({ doc: "Normalize.", default: true });
const int8_mask = flag({ doc: "Dtype of masks.", default: false, noEffect: "Masks are not stored." });
const many = { min: 1 };
const family = { weight, density, lambda, normalize, rescale, int8_mask };

const declared: readonly AnyMethod[] = [
  // No name of mergekit's: never built in.
  declare("own", "ignored", many, { steps: integer({ doc: "Steps.", default: 10, minimum: 1 }) }),
  declare("ties", "required", many, family),
  declare("dare_linear", "required", many, family),
  declare("dare_ties", "required", many, family),
  declare("breadcrumbs", "required", many, { ...family, gamma }),
  declare("breadcrumbs_ties", "required", many, { ...family, gamma }),
  declare("della", "required", many, { ...family, epsilon }),
  declare("della_linear", "required", many, { ...family, epsilon }),
  declare("arcee_fusion", "required", { min: 1, max: 1 }, {}),
  declare("nearswap", "required", { min: 1, max: 1 }, { t: number({ doc: "Similarity." }) }),
  declare("karcher", "ignored", many, {
    max_iter: integer({ doc: "Iterations.", default: 10, minimum: 0 }),
    tol: number({ doc: "Tolerance.", default: 1e-5 }),
  }),
  declare("multislerp", "optional", many, { weight }),
  declare(
    "nuslerp",
    "optional",
    { min: 2, max: 2 },
    {
      weight,
      nuslerp_flatten: flag({ doc: "Flatten.", default: true }),
      nuslerp_row_wise: flag({ doc: "Rows.", default: false }),
    },
  ),
  declare("ram", "required", many, { epsilon: number({ doc: "Threshold.", default: 1e-5 }) }),
  declare("ramplus_tl", "required", many, {
    epsilon: number({ doc: "Threshold.", default: 1e-5 }),
    r: number({ doc: "Ratio.", default: 0.1 }),
    alpha: number({ doc: "Factor.", default: 0.2 }),
  }),
  declare("sce", "required", many, { select_topk: number({ doc: "Share kept.", default: 1 }) }),
];

const builtIn = new Set(METHODS.map(({ name }) => name));

/** "own", and mergekit's methods that are not built in, as far as parsing needs them. */
export const MORE_METHODS: readonly AnyMethod[] = declared.filter(({ name }) => !builtIn.has(name));
