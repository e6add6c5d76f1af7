import { keepLargest, keepMasked, keepMiddle, rescaled } from "./sparsify.ts";
import type { Mask } from "./sparsify.ts";
import { at, baseOf, scale, sum, taskVectors, vector } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

/** Lists hold one value per model. */
interface TaskArithmeticParameters {
  readonly weight: readonly number[];
  readonly density?: readonly number[];
  readonly gamma?: readonly number[];
  readonly normalize?: boolean;
  readonly rescale?: boolean;
  readonly lambda?: number;
  readonly masks?: readonly (Mask | undefined)[];
}

type TaskArithmeticMethod = (inputs: Inputs & TaskArithmeticParameters) => Vector;

interface Family {
  readonly drop: "nothing" | "small" | "random" | "small and largest";
  readonly consensus: boolean;
  readonly normalize: boolean;
  readonly rescale: boolean;
}

/** base + lambda * (the task vectors, thinned out, weighted, in agreement about their sign if so asked, summed). */
function family(defaults: Family): TaskArithmeticMethod {
  return (inputs) => {
    const { weight, normalize = defaults.normalize, rescale = defaults.rescale, lambda = 1 } = inputs;
    const base = baseOf(inputs);
    const weighted = taskVectors(inputs).map((delta, i) => {
      const kept = thinnedOut(delta, i, defaults.drop, inputs);
      return scale(rescale ? rescaled(kept, delta) : kept, at(weight, i));
    });
    return vector(base.length, (i) => {
      const column = weighted.map((z) => at(z, i));
      const keeps = defaults.consensus ? agreeing(column) : column.map(() => true);
      const total = sum(column.filter((_, k) => keeps[k]));
      return at(base, i) + (lambda * total) / (normalize ? divisor(weight, keeps, defaults.consensus) : 1);
    });
  };
}

function thinnedOut(
  delta: Vector,
  i: number,
  drop: Family["drop"],
  parameters: TaskArithmeticParameters,
): Vector {
  const density = parameters.density?.[i] ?? 1;
  switch (drop) {
    case "nothing":
      return delta;
    case "small":
      return keepLargest(delta, density);
    case "random":
      return keepMasked(delta, density, parameters.masks?.[i]);
    case "small and largest":
      return keepMiddle(delta, density, parameters.gamma?.[i] ?? 0.01);
  }
}

/** Which entries have the sign of their sum, a sum of zero counting as positive; zeros have no sign. */
export function agreeing(column: readonly number[]): boolean[] {
  const majority = sum(column) >= 0 ? 1 : -1;
  return column.map((value) => Math.sign(value) === majority);
}

function divisor(weight: readonly number[], keeps: readonly boolean[], consensus: boolean): number {
  const total = sum(weight.filter((_, i) => keeps[i]));
  return (consensus ? total === 0 : Math.abs(total) < 1e-8) ? 1 : total;
}

export const taskArithmetic = family({ drop: "nothing", consensus: false, normalize: false, rescale: false });
export const ties = family({ drop: "small", consensus: true, normalize: true, rescale: false });
export const dareLinear = family({ drop: "random", consensus: false, normalize: false, rescale: true });
export const dareTies = family({ drop: "random", consensus: true, normalize: false, rescale: true });
export const breadcrumbs = family({
  drop: "small and largest",
  consensus: false,
  normalize: false,
  rescale: false,
});
export const breadcrumbsTies = family({
  drop: "small and largest",
  consensus: true,
  normalize: false,
  rescale: false,
});
export const della = family({ drop: "random", consensus: true, normalize: true, rescale: true });
export const dellaLinear = family({ drop: "random", consensus: false, normalize: false, rescale: true });
