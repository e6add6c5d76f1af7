import { defineMethod } from "./define.ts";
import { cutoff } from "./mask.ts";
import type { Mask } from "./mask.ts";
import { number } from "./params.ts";
import { INT8_MASK } from "./sparsify.ts";
import { keptSums, magnitudes } from "./statistics.ts";
import type { Magnitudes } from "./statistics.ts";

/** Entries to select: the product is formed in F32, as in mergekit, so that 0.29 of 100 is 29. */
function selectedCount(nonZero: number, topk: number): number {
  return Math.min(nonZero, Math.trunc(Math.fround(Math.fround(nonZero) * Math.fround(topk))));
}

function selection(topk: number, { cuts, nonZero }: Magnitudes): Mask {
  if (topk >= 1) return { kind: "all" };
  const cut = cuts[0]?.[0];
  if (cut === undefined) return { kind: "none" };
  return { kind: "band", from: cutoff(cut, selectedCount(nonZero[0] ?? 0, topk) - cut.above) };
}

export const sce = defineMethod({
  name: "sce",
  title: "SCE",
  summary:
    "Selects the entries in which the models differ most, weighs models by energy, erases minority signs.",
  formula:
    "d_i = top variance(x_i - base);  c_i = |d_i|^2 / sum_j |d_j|^2;  out = base + sum c_i d_i / sum c_i  over the i with sign(d_i) = sign(sum d)",
  reference: { title: "FuseChat: Knowledge Fusion of Chat Models", url: "https://arxiv.org/abs/2408.07990" },
  details:
    "Use it to fuse chat models of different strengths without choosing weights. With one model, or equal ones, the " +
    "variance is zero everywhere and select_topk below 1 gives the base.",
  base: "required",
  models: { min: 1 },
  parameters: {
    select_topk: number({
      doc: "Share of the entries of highest variance to keep; 1 keeps all.",
      default: 1,
    }),
    int8_mask: INT8_MASK,
  },
  whenMissing: "base",
  symmetric: true,
  measure: ({ parameters: { select_topk: topk } }) => ({
    variances: magnitudes("variance", ([nonZero = 0]) => {
      const count = selectedCount(nonZero, topk);
      return [topk >= 1 || count <= 0 ? [] : [count - 1]];
    }),
  }),
  refine: ({ n, parameters }, { variances }) => ({
    energies: keptSums(new Array<Mask>(n).fill(selection(parameters.select_topk, variances)), 2, "variance"),
  }),
  solve: ({ n, parameters }, { variances, energies: { kept } }) => {
    const total = kept.reduce((sum, energy) => sum + energy, 0);
    const factors = kept.map((energy) => (total === 0 ? 1 / n : energy / total));
    const masks = new Array<Mask>(n).fill(selection(parameters.select_topk, variances));
    const election = { votes: new Float64Array(n).fill(1), divisor: { weights: factors, floor: 1e-6 } };
    return { combination: { kind: "sparse", masks, factors, scale: 1, election, maskedBy: "variance" } };
  },
});
