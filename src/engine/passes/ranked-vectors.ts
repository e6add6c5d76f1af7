import type { RankedVectors } from "../../methods/statistics.ts";
import type { Workbench } from "../workbench.ts";

/** Number of vectors that are ranked. */
export function rankedCount(of: RankedVectors, bench: Workbench): number {
  return of === "variance" ? 1 : bench.operands.length - 1;
}

export function allOperands(bench: Workbench): boolean[] {
  return bench.operands.map(() => true);
}

/** Computes the vectors to rank for a segment; returns their addresses, as f32. */
export function rankedVectors(of: RankedVectors, bench: Workbench, offset: number, n: number): number[] {
  const inputs = bench.operands.length - 1;
  const wanted = new Array<boolean>(inputs).fill(true);
  bench.differences(offset, n, wanted);
  if (of === "variance") return [variance(bench, n)];
  const vectors = wanted.map((_, i) => bench.scratch(i + 1));
  if (bench.arithmetic === "F64") for (const vector of vectors) bench.kernels.demote(vector, vector, n);
  return vectors;
}

/**
 * Population variance over the task vectors in scratch, per element: in f64 and rounded once to f32, so that the order
 * of the models does not decide between equal variances. Returns its address.
 */
export function variance(bench: Workbench, n: number): number {
  const { kernels } = bench;
  const inputs = bench.operands.length - 1;
  const [mean, sum, wide] = [bench.spare(0), bench.spare(1), bench.spare(5)];
  const delta = (i: number) => {
    if (bench.arithmetic === "F64") return bench.scratch(i);
    kernels.widen(bench.scratch(i), wide, n);
    return wide;
  };
  bench.clear(mean, (n + 1) * 8);
  bench.clear(sum, (n + 1) * 8);
  for (let i = 1; i <= inputs; i++) kernels.addScaledF64(delta(i), mean, 1, n);
  kernels.divideF64(mean, inputs, n);
  for (let i = 1; i <= inputs; i++) kernels.addSquaredDeviationF64(delta(i), mean, sum, n);
  kernels.divideF64(sum, inputs, n);
  kernels.demote(sum, sum, n);
  return sum;
}
