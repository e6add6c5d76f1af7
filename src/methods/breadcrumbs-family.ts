import type { SolveContext } from "./define.ts";
import { LINES } from "./lines.ts";
import { cutoff } from "./mask.ts";
import type { Cut, Mask } from "./mask.ts";
import { number, perModel } from "./params.ts";
import {
  addSparse,
  DENSITY,
  INT8_MASK,
  LAMBDA,
  normalizeFlag,
  rescaleFlag,
  rescaling,
  WEIGHT,
} from "./sparsify.ts";
import { magnitudes } from "./statistics.ts";
import type { Magnitudes } from "./statistics.ts";

const parameters = {
  weight: WEIGHT,
  density: DENSITY,
  gamma: perModel(
    number({ doc: "Share of the largest entries to drop as outliers.", default: 0.01, minimum: 0 }),
  ),
  lambda: LAMBDA,
  normalize: normalizeFlag(false),
  rescale: rescaleFlag(false),
  ...LINES,
  int8_mask: INT8_MASK,
} as const;
type Context = SolveContext<typeof parameters>;

/** Entries kept, and larger ones dropped before them: the outliers shrink where both do not fit. */
function counts(density: number, gamma: number, elementCount: number): { kept: number; top: number } {
  const kept = Math.trunc(Math.max(density, 0) * elementCount);
  return { kept, top: Math.min(Math.trunc(gamma * elementCount), elementCount - kept) };
}

/** Ranks of the smallest entry that is kept and, if any is dropped above, of the smallest outlier. */
function ranks(density: number, gamma: number, elementCount: number): number[] {
  const { kept, top } = counts(density, gamma, elementCount);
  if (density >= 1 || kept === 0) return [];
  return top === 0 ? [kept - 1] : [top + kept - 1, top - 1];
}

function mask(density: number, gamma: number, elementCount: number, [lower, upper]: readonly Cut[]): Mask {
  const { kept, top } = counts(density, gamma, elementCount);
  if (density >= 1) return { kind: "all" };
  if (kept === 0 || lower === undefined) return { kind: "none" };
  if (upper === undefined) return { kind: "band", from: cutoff(lower, kept - lower.above) };
  // Of the entries that equal the smallest outlier, those that rank below the outliers are kept: as many as there are.
  const keepUpper = upper.above + upper.equal - top;
  if (upper.magnitude === lower.magnitude)
    return { kind: "band", from: cutoff(lower, kept), to: cutoff(upper, upper.equal) };
  const keepLower = top + kept - lower.above;
  return { kind: "band", from: cutoff(lower, keepLower), to: cutoff(upper, keepUpper) };
}

export function addBreadcrumbs(context: Context, { cuts, sums }: Magnitudes, election: boolean) {
  const { density, gamma, rescale } = context.parameters;
  const masks = density.map((each, i) => mask(each, gamma[i] ?? 0, context.elementCount, cuts[i] ?? []));
  const factors = masks.map((each, i) =>
    rescaling(sums[i] ?? 0, each.kind === "band" ? keptSum(each, cuts[i] ?? []) : 0),
  );
  return { combination: addSparse(context, masks, rescale ? factors : undefined, election) };
}

/** Sum of the magnitudes in the band, from the sums above its two edges. */
function keptSum({ from, to }: Extract<Mask, { kind: "band" }>, [lower, upper]: readonly Cut[]): number {
  if (to?.magnitude === from.magnitude) return from.keep * from.magnitude;
  const below = (lower?.sumAbove ?? 0) + from.keep * from.magnitude;
  return to === undefined || upper === undefined
    ? below
    : below - upper.sumAbove - (upper.equal - to.keep) * to.magnitude;
}

/** What the methods with breadcrumbs share. */
export const BREADCRUMBS = {
  reference: {
    title: "Model Breadcrumbs: Scaling Multi-Task Model Merging with Sparse Masks",
    url: "https://arxiv.org/abs/2312.06795",
  },
  details:
    "Use it for many fine-tunes with a few wild entries: both the smallest changes, which are noise, and the largest, " +
    "which are outliers, are dropped. Exactly density of the entries is kept; where density and gamma do not fit " +
    "together, fewer outliers are dropped.",
  base: "required",
  models: { min: 1 },
  parameters,
  whenMissing: "base",
  symmetric: true,
  measure: ({ parameters: { density, gamma, rescale }, elementCount }: Context) => ({
    cuts: magnitudes(
      "taskVectors",
      () => density.map((each, i) => ranks(each, gamma[i] ?? 0, elementCount)),
      rescale,
    ),
  }),
} as const;
