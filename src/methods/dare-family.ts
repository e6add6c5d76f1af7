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
import type { KeptSums } from "./statistics.ts";

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

/** What the methods with DARE share. */
export const DARE = {
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
  measure: (context: Context) => ({ sums: keptSums(context.parameters.rescale ? masksOf(context) : [], 1) }),
} as const;

export function addDare(context: Context, sums: KeptSums, election: boolean) {
  const factors = context.parameters.rescale ? rescalings(sums) : undefined;
  return { combination: addSparse(context, masksOf(context), factors, election) };
}
