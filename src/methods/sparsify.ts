import type { SparseCombination } from "./elementwise.ts";
import { linesFactor } from "./lines.ts";
import type { LinesValues } from "./lines.ts";
import { cutoff, drawKeys } from "./mask.ts";
import type { Cut, Mask } from "./mask.ts";
import { flag, number, perModel } from "./params.ts";
import type { ParameterSpecs } from "./params.ts";
import type { KeptSums, Magnitudes } from "./statistics.ts";
import type { SolveContext } from "./define.ts";
import { divisorOf } from "./weights.ts";

/** Sums of magnitudes below this are not divided by, as in mergekit. */
const SMALLEST_SUM = 1e-7;

export const WEIGHT = perModel(number({ doc: "Factor of this model's task vector." }));
export const DENSITY = perModel(
  number({
    doc: "Share of the task vector's entries to keep; 1 keeps all.",
    default: 1,
    minimum: 0,
    maximum: 1,
  }),
);
export const LAMBDA = number({ doc: "Factor of the sum of the task vectors.", default: 1 });
export const INT8_MASK = flag({
  doc: "Dtype of intermediate masks in mergekit.",
  default: false,
  noEffect: "No mask is stored.",
});
export const normalizeFlag = <const D extends boolean>(byDefault: D) =>
  flag({ doc: "Divide by the sum of the weights that take part.", default: byDefault });
export const rescaleFlag = <const D extends boolean>(byDefault: D) =>
  flag({
    doc: "Multiply what is kept of a task vector so that its sum of magnitudes is what it was.",
    default: byDefault,
  });

/** Entries that a density keeps, as mergekit counts: truncated, but at least one. */
function keptCount(density: number, elementCount: number): number {
  return density <= 0 ? 0 : Math.max(1, Math.trunc(density * elementCount));
}

/** The ranks that `largestMask` needs: none where all or nothing is kept. */
export function largestRanks(density: number, elementCount: number): number[] {
  return density >= 1 || density <= 0 ? [] : [keptCount(density, elementCount) - 1];
}

/** Keeps the entries of largest magnitude, of equal ones the first. */
export function largestMask(density: number, elementCount: number, cut: Cut | undefined): Mask {
  if (density >= 1) return { kind: "all" };
  if (density <= 0 || cut === undefined) return { kind: "none" };
  return { kind: "band", from: cutoff(cut, keptCount(density, elementCount) - cut.above) };
}

/** Keeps each entry with the probability of the density. */
export function randomMask(
  density: number,
  { seed, tensor }: { seed: number; tensor: string },
  model: number,
): Mask {
  if (density >= 1) return { kind: "all" };
  if (density <= 0) return { kind: "none" };
  return { kind: "random", density, keys: drawKeys(seed, tensor, model) };
}

/**
 * Keeps the smallest entry of each row with the probability density - epsilon, the largest with density + epsilon, and
 * those between by their rank.
 */
export function rankedMask(
  density: number,
  epsilon: number,
  { seed, tensor }: { seed: number; tensor: string },
  model: number,
): Mask {
  const mask = randomMask(density, { seed, tensor }, model);
  return mask.kind === "random" ? { ...mask, kind: "ranked", epsilon } : mask;
}

/** What restores the sum of magnitudes: all / kept, 1 where either is next to nothing. */
export function rescaling(all: number, kept: number): number {
  return all < SMALLEST_SUM || kept < SMALLEST_SUM ? 1 : all / kept;
}

/** The rescaling of each task vector after random dropping. */
export function rescalings({ all, kept }: KeptSums): number[] {
  return [...all].map((sum, i) => rescaling(sum, kept[i] ?? 0));
}

/** The rescaling of each task vector of which the largest entries are kept. */
export function rescalingsOfLargest({ sums, cuts }: Magnitudes, masks: readonly Mask[]): number[] {
  return masks.map((mask, i) => {
    const cut = cuts[i]?.[0];
    if (mask.kind !== "band" || cut === undefined) return 1;
    return rescaling(sums[i] ?? 0, cut.sumAbove + mask.from.keep * cut.magnitude);
  });
}

/** What every method of the family is given. */
type FamilyContext = Pick<SolveContext<ParameterSpecs>, "layer" | "layerCount"> & {
  readonly parameters: LinesValues & {
    readonly weight: readonly number[];
    readonly lambda: number;
    readonly normalize: boolean;
  };
};

/** Adds up masked and rescaled task vectors: with an election of signs, or plainly. */
export function addSparse(
  context: FamilyContext,
  masks: readonly Mask[],
  rescale: readonly number[] | undefined,
  election: boolean,
): SparseCombination {
  const { weight, lambda, normalize } = context.parameters;
  const scale = lambda * linesFactor(context.parameters, context);
  const weights = Float64Array.from(weight);
  const factors = weights.map((w, i) => w * (rescale?.[i] ?? 1));
  if (!election) {
    return { kind: "sparse", masks, factors, scale: scale / divisorOf({ weight, normalize }) };
  }
  const divisor = normalize ? { divisor: { weights, floor: 0 } } : {};
  return { kind: "sparse", masks, factors, scale, election: { votes: factors, ...divisor } };
}
