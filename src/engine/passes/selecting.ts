import type { RowFactors } from "../../methods/statistics.ts";
import { rowLength } from "../../tensor/shape.ts";
import type { Workbench } from "../workbench.ts";
import { eachRowPart, Importance } from "./importance.ts";
import type { Pass, Runner } from "./pass.ts";
import { allOperands } from "./ranked-vectors.ts";
import { ofTwo } from "./stored-two.ts";

/** A pass that writes the result of `step`, which leaves it in the given scratch. */
export function writing(
  bench: Workbench,
  step: (offset: number, n: number, out: number) => void,
): Runner<undefined> {
  const out = bench.spare(2);
  return {
    segment: (offset, n) => {
      bench.checkInputs(offset, n);
      step(offset, n, out);
      bench.encode(out, offset, n);
    },
    finish: () => undefined,
  };
}

/** The steps for the segments that are not done as a whole. */
function unless(whole: (offset: number, n: number) => boolean, steps: Runner<undefined>): Runner<undefined> {
  const segment = (offset: number, n: number) => {
    if (!whole(offset, n)) steps.segment(offset, n);
  };
  return { segment, finish: steps.finish };
}

/** What all of these have in common: they read all inputs, and write. */
export const written = {
  reads: (_request: unknown, bench: Workbench): boolean[] => allOperands(bench),
  writesFrom: (bench: Workbench): number => bench.output,
  merge: (): undefined => undefined,
};

/** Takes the model where it is within t of the base, and moves by t at most elsewhere. */
export const nearswapPass: Pass<"nearswap"> = {
  ...written,
  start: ({ t }, bench) => {
    const dtype = bench.sharedDtype([0, 1], true);
    const whole = dtype === undefined ? undefined : bench.kernels[`nearswapStored${dtype}`];
    const steps = writing(bench, (offset, n, out) => {
      const base = bench.floats(0, offset, n, 0);
      bench.steps.nearswap(bench.floats(1, offset, n, 1), base, out, t, n);
    });
    if (whole === undefined) return steps;
    return unless((offset, n) => {
      const [x, b, out] = [bench.stored(1, offset), bench.stored(0, offset), bench.result(offset)];
      return whole(x, b, out, bench.scratch(0), t, n) !== 0;
    }, steps);
  },
};

/** Takes the entry of largest magnitude among the task vectors. */
export const largestPass: Pass<"largest"> = {
  ...written,
  start: ({ scale }, bench) => {
    const whole = ofTwo(bench, "largestOfTwo");
    const steps = writing(bench, (offset, n, out) => {
      const base = bench.floats(0, offset, n, 0);
      bench.copyVector(bench.floats(1, offset, n, 1), out, n);
      for (let k = 2; k < bench.operands.length; k++)
        bench.steps.selectLarger(bench.floats(k, offset, n, k), base, out, n);
      bench.steps.moveTowards(base, out, out, scale, n);
    });
    return unless((offset, n) => whole?.(offset, n, scale) === true, steps);
  },
};

/** Adds the sum of the task vectors where enough models stand behind it. */
export const agreedPass: Pass<"agreed"> = {
  ...written,
  start: ({ ratios, least, scale }, bench) => {
    const wanted = bench.operands.slice(1).map(() => true);
    const whole = ofTwo(bench, "agreedOfTwo");
    const [first = 0, second = 0] = ratios;
    const steps = writing(bench, (offset, n, out) => {
      const base = bench.differences(offset, n, wanted);
      const [sum, count] = [bench.spare(0), bench.spare(3)];
      bench.clearVector(sum, n);
      bench.clearVector(count, n);
      wanted.forEach((_, i) => bench.steps.addScaled(bench.scratch(i + 1), sum, 1, n));
      wanted.forEach((_, i) =>
        bench.steps.countDominant(bench.scratch(i + 1), sum, count, ratios[i] ?? 0, n),
      );
      bench.steps.clearBelow(count, sum, least, n);
      bench.steps.finishSum(base, sum, out, scale, n);
    });
    return unless((offset, n) => whole?.(offset, n, first, second, least, scale) === true, steps);
  },
};

/** Undefined where the steps must be taken one by one. */
function takeImportantStored(
  bench: Workbench,
  least: number,
  rows: RowFactors,
): ((offset: number, n: number) => boolean) | undefined {
  const dtype = bench.sharedDtype([0, 1], true);
  if (dtype === undefined || rows === undefined) return undefined;
  const take = bench.kernels[`takeImportant${dtype}`];
  const row = rowLength(bench.tensor?.shape ?? []);
  return (offset, n) => {
    let done = true;
    eachRowPart(row, bench.range.begin + offset, n, (index, at, length) => {
      const [b, x] = [bench.stored(0, offset + at), bench.stored(1, offset + at)];
      const [out, work] = [bench.result(offset + at), bench.scratch(0)];
      if (take(b, x, out, work, rows[index] ?? NaN, least, length) === 0) done = false;
    });
    return done;
  };
}

/** Takes the model's entries whose importance is at least `least`, and the base's elsewhere. */
export const importantPass: Pass<"important"> = {
  ...written,
  byRows: ({ rows }) => rows === undefined,
  start: ({ least, rows }, bench) => {
    const importance = new Importance(bench, rows);
    const takeFrom = bench.kernels[`takeFrom${bench.arithmetic}`];
    const runner = writing(bench, (offset, n, out) => {
      const keys = importance.at(offset, n);
      const base = bench.floats(0, offset, n, 0);
      takeFrom(keys, bench.floats(1, offset, n, 1), base, out, least, n);
    });
    const whole = takeImportantStored(bench, least, rows);
    if (whole !== undefined) return unless(whole, runner);
    return { ...runner, scans: importance.scans, scan: (...segment) => importance.scan(...segment) };
  },
};
