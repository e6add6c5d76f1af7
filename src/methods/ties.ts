import { defineMethod } from "./define.ts";
import { LINES } from "./lines.ts";
import {
  addSparse,
  DENSITY,
  INT8_MASK,
  LAMBDA,
  largestMask,
  largestRanks,
  normalizeFlag,
  rescaleFlag,
  rescalingsOfLargest,
  WEIGHT,
} from "./sparsify.ts";
import { magnitudes } from "./statistics.ts";

export const ties = defineMethod({
  name: "ties",
  title: "TIES",
  summary:
    "Keeps the largest entries of each task vector, elects a sign per entry, and averages those that agree.",
  formula:
    "d_i = trim(x_i - base);  g = sign(sum_i w_i d_i);  out = base + lambda sum w_i d_i / sum w_i  over the i with sign(w_i d_i) = g",
  reference: {
    title: "TIES-Merging: Resolving Interference When Merging Models",
    url: "https://arxiv.org/abs/2306.01708",
  },
  details:
    "Use it for fine-tunes of different tasks, whose changes contradict each other in places. The density is kept per " +
    "tensor, exactly; of entries with equal magnitude the first are kept. Without normalize the agreeing entries are " +
    "added, and lambda is then to be lowered.",
  base: "required",
  models: { min: 1 },
  parameters: {
    weight: WEIGHT,
    density: DENSITY,
    lambda: LAMBDA,
    normalize: normalizeFlag(true),
    rescale: rescaleFlag(false),
    ...LINES,
    int8_mask: INT8_MASK,
  },
  whenMissing: "base",
  symmetric: true,
  measure: ({ parameters: { density, rescale }, elementCount }) => ({
    largest: magnitudes(
      "taskVectors",
      () => density.map((each) => largestRanks(each, elementCount)),
      rescale,
    ),
  }),
  solve: (context, { largest }) => {
    const { density, rescale } = context.parameters;
    const masks = density.map((each, i) => largestMask(each, context.elementCount, largest.cuts[i]?.[0]));
    const factors = rescale ? rescalingsOfLargest(largest, masks) : undefined;
    return { combination: addSparse(context, masks, factors, true) };
  },
});
