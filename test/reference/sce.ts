import { agreeing } from "./task-arithmetic.ts";
import { at, baseOf, map, mean, order, sum, taskVectors, vector } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/**
 * Select the entries whose task vectors vary most between the models, calculate the models' shares from their mean
 * squares, erase entries against the majority sign. No floor on the mean squares: shares do not depend on their scale.
 */
export function sce(inputs: Inputs & { readonly select_topk?: number }): Vector {
  const { select_topk: topk = 1 } = inputs;
  const base = baseOf(inputs);
  const selected = topk < 1 ? select(taskVectors(inputs), topk) : taskVectors(inputs);
  const energy = selected.map((delta) => sum(map(delta, (value) => value * value)));
  const total = sum(energy);
  const share = energy.map((e) => (total === 0 ? 1 / energy.length : e / total));
  return vector(base.length, (i) => {
    const column = selected.map((delta) => at(delta, i));
    const keeps = agreeing(column);
    const kept = share.map((c, k) => (keeps[k] ? c : 0));
    return at(base, i) + sum(column.map((value, k) => value * at(kept, k))) / Math.max(sum(kept), 1e-6);
  });
}

/** Keeps the top share of the entries whose variance is not zero; among equal variances the lowest index first. */
function select(deltas: readonly Vector[], topk: number): Vector[] {
  const variance = vector(deltas[0]?.length ?? 0, (i) => {
    const column = deltas.map((delta) => at(delta, i));
    const centre = mean(column);
    // Ranked as f32, as magnitudes are: what remains of rounding noise must not decide between equal variances.
    return Math.fround(mean(column.map((value) => (value - centre) ** 2)));
  });
  const varying = variance.filter((value) => value > 0).length;
  const kept = new Set(order(map(variance, (value) => -value)).slice(0, selectedCount(varying, topk)));
  return deltas.map((delta) => map(delta, (value, i) => (kept.has(i) ? value : 0)));
}

/** int(varying * topk) with the product in F32, as mergekit forms it: 0.29 of 100 are 29. */
export function selectedCount(varying: number, topk: number): number {
  return Math.min(varying, Math.trunc(Math.fround(Math.fround(varying) * Math.fround(Math.max(topk, 0)))));
}
