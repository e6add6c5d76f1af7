import type { Workbench } from "../workbench.ts";
import type { Pass } from "./pass.ts";
import { allOperands } from "./ranked-vectors.ts";
import { ofTwo } from "./stored-two.ts";
import { addArrays } from "./sums.ts";

/** Clears inactive entries of the task vectors, in scratch 1, 2, ..., and counts the active ones of each element. */
function activate(
  bench: Workbench,
  epsilon: number,
  offset: number,
  n: number,
): { base: number; count: number } {
  const inputs = bench.operands.length - 1;
  const base = bench.differences(offset, n, new Array<boolean>(inputs).fill(true));
  const count = bench.spare(3);
  bench.clearVector(count, n);
  for (let i = 1; i <= inputs; i++) {
    bench.steps.clearSmall(bench.scratch(i), epsilon, n);
    bench.steps.countNonZero(bench.scratch(i), count, n);
  }
  return { base, count };
}

/** For each task vector, how many of its active entries are shared with another one. */
export const overlapPass: Pass<"overlap"> = {
  reads: (_request, bench) => allOperands(bench),
  start: ({ epsilon }, bench) => {
    const inputs = bench.operands.length - 1;
    const shared = new Float64Array(inputs);
    const single = new Float64Array(inputs);
    const dtype = bench.sharedDtype([...bench.operands.keys()], false);
    const add = (i: number, both: number, active: number) => {
      shared[i] = (shared[i] ?? 0) + both;
      single[i] = (single[i] ?? 0) + active - both;
    };
    return {
      segment: (offset, n) => {
        if (bench.operands.length === 3 && dtype !== undefined) {
          const at = (k: number) => bench.stored(k, offset);
          const { kernels, results } = bench;
          kernels[`activeOfTwo${dtype}`](at(0), at(1), at(2), results, bench.scratch(0), epsilon, n);
          const [both = 0, ...active] = bench.u32(results, 3);
          active.forEach((count, i) => add(i, both, count));
          return;
        }
        const { count } = activate(bench, epsilon, offset, n);
        for (let i = 0; i < inputs; i++) {
          const vector = bench.scratch(i + 1);
          add(i, bench.steps.overlap(vector, count, n), bench.nonZeros(vector, n));
        }
      },
      finish: () => ({ shared, single }),
    };
  },
  merge: (results) => ({
    shared: addArrays(results.map((result) => result.shared)),
    single: addArrays(results.map((result) => result.single)),
  }),
};

/** Adds the mean of the active entries; one that is active alone by its model's factor. */
export const overlapMeanPass: Pass<"overlapMean"> = {
  reads: (_request, bench) => allOperands(bench),
  writesFrom: (bench) => bench.output,
  start: ({ epsilon, singles }, bench) => {
    const whole = ofTwo(bench, "overlapOfTwo");
    const [first = 1, second = 1] = singles;
    const segment = (offset: number, n: number) => {
      if (whole?.(offset, n, epsilon, first, second) === true) return;
      bench.checkInputs(offset, n);
      const { base, count } = activate(bench, epsilon, offset, n);
      const [alone, sum, out] = [bench.spare(0), bench.spare(1), bench.spare(2)];
      bench.clearVector(alone, n);
      bench.clearVector(sum, n);
      for (let i = 1; i < bench.operands.length; i++) {
        bench.steps.addScaled(bench.scratch(i), alone, singles[i - 1] ?? 1, n);
        bench.steps.addScaled(bench.scratch(i), sum, 1, n);
      }
      bench.steps.shareOverlap(alone, sum, count, n);
      bench.steps.finishSum(base, sum, out, 1, n);
      bench.encode(out, offset, n);
    };
    return { segment, finish: () => undefined };
  },
  merge: () => undefined,
};
