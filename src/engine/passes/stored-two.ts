import type { StoredSteps } from "../../kernels/stored.ts";
import type { Workbench } from "../workbench.ts";

type StepOfTwo = "largestOfTwo" | "overlapOfTwo" | "agreedOfTwo";

/** What a step takes between the addresses and the number of elements. */
type Factors<Step> = Step extends (
  b: number,
  x: number,
  y: number,
  out: number,
  work: number,
  ...rest: [...infer F extends number[], number]
) => number
  ? F
  : never;

/**
 * A whole merge of two models near a base in one reading of the stored values, if they and the result have one dtype.
 * What it returns works on a segment; false, and nothing done, if the segment needs the separate steps.
 */
export function ofTwo<Name extends StepOfTwo>(
  bench: Workbench,
  name: Name,
): ((offset: number, n: number, ...factors: Factors<StoredSteps[Name]>) => boolean) | undefined {
  const dtype = bench.operands.length === 3 ? bench.sharedDtype([0, 1, 2], true) : undefined;
  if (dtype === undefined) return undefined;
  const step: (...values: readonly number[]) => number = bench.kernels[`${name}${dtype}`];
  return (offset, n, ...factors) => {
    const [base, first, second] = [0, 1, 2].map((k) => bench.stored(k, offset)) as [number, number, number];
    return step(base, first, second, bench.result(offset), bench.scratch(0), ...factors, n) !== 0;
  };
}
