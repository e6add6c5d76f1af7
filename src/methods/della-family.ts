import type { SolveContext } from "./define.ts";
import { LINES } from "./lines.ts";
import { number, perModel } from "./params.ts";
import type { ParameterSpecs, ParameterValues } from "./params.ts";
import {
  addSparse,
  DENSITY,
  INT8_MASK,
  LAMBDA,
  normalizeFlag,
  rankedMask,
  rescaleFlag,
  rescalings,
  WEIGHT,
} from "./sparsify.ts";
import { keptSums } from "./statistics.ts";
import type { KeptSums } from "./statistics.ts";

export const dellaParameters = <const N extends boolean>(normalize: N) =>
  ({
    weight: WEIGHT,
    density: DENSITY,
    epsilon: perModel(
      number({
        doc: "How far the probability of keeping an entry departs from the density, from the smallest to the largest.",
        default: 0.15,
        minimum: 0,
      }),
    ),
    lambda: LAMBDA,
    normalize: normalizeFlag(normalize),
    rescale: rescaleFlag(true),
    ...LINES,
    int8_mask: INT8_MASK,
  }) as const satisfies ParameterSpecs;

type Parameters = ReturnType<typeof dellaParameters<boolean>>;
type DellaContext = SolveContext<Parameters>;

const masksOf = (context: DellaContext) =>
  context.parameters.density.map((density, i) =>
    rankedMask(density, context.parameters.epsilon[i] ?? 0, context, i),
  );

/** Probabilities have to lie between 0 and 1. */
export function checkProbabilities({ density, epsilon }: ParameterValues<Parameters>): string | undefined {
  const wrong = density.findIndex((share, i) => {
    const spread = epsilon[i] ?? 0;
    return share > 0 && share < 1 && (share - spread < 0 || share + spread > 1);
  });
  if (wrong < 0) return undefined;
  const [share, spread] = [density[wrong] ?? 0, epsilon[wrong] ?? 0];
  return (
    `density ${share} with epsilon ${spread} would keep entries with probabilities outside 0 to 1: ` +
    `epsilon can be ${Number(Math.min(share, 1 - share).toPrecision(6))} at most`
  );
}

export function addDella(context: DellaContext, sums: KeptSums, election: boolean) {
  const factors = context.parameters.rescale ? rescalings(sums) : undefined;
  return { combination: addSparse(context, masksOf(context), factors, election) };
}

/** What the methods with DELLA share, parameters apart. */
export const DELLA = {
  reference: {
    title: "DELLA-Merging: Reducing Interference in Model Merging through Magnitude-Based Sampling",
    url: "https://arxiv.org/abs/2406.11617",
  },
  details:
    "Use it where dare drops too much of what matters: large entries are kept more often than small ones. Entries are " +
    "ranked within their row (last axis; a vector is one row), with p_i from density - epsilon for the smallest " +
    "magnitude to density + epsilon for the largest. Magnitudes closer than 1/64 of an octave share the mean of " +
    "their ranks, counted by a histogram, so that a row can be of any length. The draws are those of dare.",
  base: "required",
  models: { min: 1 },
  whenMissing: "base",
  symmetric: false,
  random: true,
  check: checkProbabilities,
  measure: (context: DellaContext) => ({
    sums: keptSums(context.parameters.rescale ? masksOf(context) : [], 1),
  }),
} as const;
