import { defineMethod } from "./define.ts";
import { LINES } from "./lines.ts";
import {
  addSparse,
  DENSITY,
  INT8_MASK,
  LAMBDA,
  normalizeFlag,
  randomMask,
  rescaleFlag,
  rescalings,
  WEIGHT,
} from "./sparsify.ts";
import type { SolveContext } from "./define.ts";
import { keptSums } from "./statistics.ts";

const parameters = {
  weight: WEIGHT,
  density: DENSITY,
  lambda: LAMBDA,
  normalize: normalizeFlag(false),
  rescale: rescaleFlag(true),
  ...LINES,
  int8_mask: INT8_MASK,
} as const;

type Context = SolveContext<typeof parameters>;

const masksOf = (context: Context) =>
  context.parameters.density.map((density, i) => randomMask(density, context, i));

const shared = {
  reference: {
    title: "Language Models are Super Mario: Absorbing Abilities from Homologous Models as a Free Lunch",
    url: "https://arxiv.org/abs/2311.03099",
  },
  details:
    "Use it for fine-tunes whose task vectors are redundant: most entries can go if the rest makes up for them. The " +
    "draws depend on the seed, the tensor's name, the model's position and the entry's index alone, so the result " +
    "is the same on any machine. Rescaling is by the sums of magnitudes, about 1/density.",
  base: "required",
  models: { min: 1 },
  parameters,
  whenMissing: "base",
  symmetric: false,
  random: true,
} as const;

export const dareLinear = defineMethod({
  ...shared,
  name: "dare_linear",
  title: "Linear DARE",
  summary: "Drops entries of each task vector at random, rescales the rest, and adds them up.",
  formula: "out = base + lambda sum_i w_i rescale(m_i (x_i - base)),  m_i = 1 with probability density",
  measure: (context) => ({ sums: keptSums(context.parameters.rescale ? masksOf(context) : [], 1) }),
  solve: (context, { sums }) => {
    const factors = context.parameters.rescale ? rescalings(sums) : undefined;
    return { combination: addSparse(context, masksOf(context), factors, false) };
  },
});

export const dareTies = defineMethod({
  ...shared,
  name: "dare_ties",
  title: "DARE TIES",
  summary:
    "Drops entries of each task vector at random, rescales the rest, and adds those that agree in sign.",
  formula:
    "d_i = rescale(m_i (x_i - base));  g = sign(sum_i w_i d_i);  out = base + lambda sum w_i d_i  where signs agree",
  measure: (context) => ({ sums: keptSums(context.parameters.rescale ? masksOf(context) : [], 1) }),
  solve: (context, { sums }) => {
    const factors = context.parameters.rescale ? rescalings(sums) : undefined;
    return { combination: addSparse(context, masksOf(context), factors, true) };
  },
});
