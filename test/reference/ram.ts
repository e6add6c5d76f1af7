import { at, baseOf, clamp, sum, taskVectors, vector } from "./vectors.ts";
import type { Inputs, Vector } from "./vectors.ts";

export interface RamParameters {
  readonly epsilon?: number;
}

/** Reinforced agent merging: where several task vectors are active their mean, where one is, that one. */
export function ram(inputs: Inputs & RamParameters): Vector {
  return merge(inputs, () => 1);
}

/** As `ram`, with entries that only one model changed enlarged, the more so the more entries that model shares. */
export function ramplusTl(
  inputs: Inputs & RamParameters & { readonly r?: number; readonly alpha?: number },
): Vector {
  const { epsilon = 1e-5, r = 0.1, alpha = 0.2 } = inputs;
  return merge(inputs, (shared, unique) => 1 + r * clamp(shared / Math.max(unique, epsilon), 0, alpha));
}

function merge(
  inputs: Inputs & RamParameters,
  enlargement: (shared: number, unique: number) => number,
): Vector {
  const { epsilon = 1e-5 } = inputs;
  const base = baseOf(inputs);
  const active = taskVectors(inputs).map((delta) => delta.map((v) => (Math.abs(v) > epsilon ? v : 0)));
  const counts = vector(base.length, (i) => active.filter((delta) => at(delta, i) !== 0).length);
  const factors = active.map((delta) => {
    const mine = counts.filter((_, i) => at(delta, i) !== 0);
    const unique = mine.filter((count) => count === 1).length;
    // Without entries of its own there is nothing to enlarge, and no ratio at epsilon 0.
    return unique === 0 ? 1 : enlargement(mine.filter((count) => count > 1).length, unique);
  });
  return vector(base.length, (i) => {
    const column = active.map((delta, k) => at(delta, i) * (at(counts, i) === 1 ? at(factors, k) : 1));
    return at(base, i) + sum(column) / Math.max(at(counts, i), 1);
  });
}
