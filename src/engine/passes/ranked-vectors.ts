import type { RankedVectors, RowFactors } from "../../methods/statistics.ts";
import type { Workbench } from "../workbench.ts";
import { Importance } from "./importance.ts";

/** Number of vectors that are ranked. */
export function rankedCount(of: RankedVectors, bench: Workbench): number {
  return of === "taskVectors" ? bench.operands.length - 1 : 1;
}

/** True if the vectors can only be made of whole rows. */
export function ranksByRows(of: RankedVectors, rows?: RowFactors): boolean {
  return of === "importance" && rows === undefined;
}

/** Makes the vectors to rank, segment by segment; scans are those of a `Runner`. */
interface VectorSource {
  readonly scans: number;
  readonly scan: (step: number, offset: number, n: number) => void;
  /** Their addresses, as f32; adds to `zeros` how many elements of each are 0. */
  readonly at: (offset: number, n: number, zeros?: Float64Array) => number[];
}

export function vectorsToRank(of: RankedVectors, bench: Workbench, rows?: RowFactors): VectorSource {
  if (of !== "importance")
    return {
      scans: 0,
      scan: () => undefined,
      at: (offset, n, zeros) => taskVectors(of, bench, offset, n, zeros),
    };
  const importance = new Importance(bench, rows);
  return {
    scans: importance.scans,
    scan: (...segment) => importance.scan(...segment),
    at: (offset, n, zeros) => {
      const vector = importance.at(offset, n);
      if (zeros !== undefined) zeros[0] = (zeros[0] ?? 0) + bench.kernels.countEqual(vector, 0, n);
      return [vector];
    },
  };
}

export function allOperands(bench: Workbench): boolean[] {
  return bench.operands.map(() => true);
}

/**
 * Computes the vectors to rank for a segment; returns their addresses, as f32, and adds to `zeros` how many elements of
 * each are 0.
 */
function taskVectors(
  of: RankedVectors,
  bench: Workbench,
  offset: number,
  n: number,
  zeros?: Float64Array,
): number[] {
  const inputs = bench.operands.length - 1;
  const base = bench.floats(0, offset, n, 0);
  const vectors = Array.from({ length: inputs }, (_, i) => bench.scratch(i + 1));
  const seen = vectors.map((vector, i) => bench.subtract(i + 1, offset, n, base, vector));
  const ranked = of === "variance" ? [variance(bench, n)] : vectors;
  const wide = bench.arithmetic === "F64";
  if (wide && of !== "variance") for (const vector of vectors) bench.kernels.demote(vector, vector, n);
  ranked.forEach((vector, k) => {
    // What is zero as f32 need not be so as f64.
    const count = wide || of === "variance" ? bench.kernels.countEqual(vector, 0, n) : seen[k];
    if (zeros !== undefined) zeros[k] = (zeros[k] ?? 0) + (count ?? 0);
  });
  return ranked;
}

/**
 * Ranks elements as the population variance over the task vectors in scratch does; returns the address of f32 values.
 * For two vectors the variance is (d0 - d1)^2 / 4, and the difference itself ranks the same.
 */
export function variance(bench: Workbench, n: number): number {
  const inputs = bench.operands.length - 1;
  const out = bench.spare(1);
  if (inputs === 2) {
    bench.copyVector(bench.scratch(1), out, n);
    bench.steps.addScaled(bench.scratch(2), out, -1, n);
    if (bench.arithmetic === "F64") bench.kernels.demote(out, out, n);
    return out;
  }
  const table = bench.spare(0);
  const addresses = bench.u32(table, inputs);
  for (let i = 0; i < inputs; i++) addresses[i] = bench.scratch(i + 1);
  bench.steps.variance(table, inputs, out, n);
  return out;
}
