import { at, clamp, map, mean, order, scale, slices, sumOfMagnitudes } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

/** An entry's 0 or 1: dropped or kept. */
export type Mask = ArrayLike<number>;

const masked = (delta: Vector, keeps: (i: number) => boolean): Vector =>
  map(delta, (value, i) => (keeps(i) ? value : 0));

/** Entries by falling magnitude; among equal ones the lowest index first. */
const byMagnitude = (delta: Vector): number[] => order(map(delta, (value) => -Math.abs(value)));

/** TIES: the int(density * N) largest entries, at least one. */
export function keepLargest(delta: Vector, density: number): Vector {
  if (density >= 1) return delta;
  const count = density > 0 ? Math.max(1, Math.trunc(density * delta.length)) : 0;
  const kept = new Set(byMagnitude(delta).slice(0, count));
  return masked(delta, (i) => kept.has(i));
}

/**
 * Breadcrumbs: without the int(gamma * N) largest entries, the next int(density * N). Too few left: fewer of the
 * largest are dropped. Among entries as large as the smallest dropped one, too, the lowest indices are kept.
 */
export function keepMiddle(delta: Vector, density: number, gamma: number): Vector {
  if (density >= 1) return delta;
  const n = delta.length;
  const count = Math.trunc(density * n);
  const outliers = Math.min(Math.trunc(gamma * n), n - count);
  const magnitudes = map(delta, Math.abs);
  const falling = byMagnitude(delta);
  const upper = outliers === 0 ? Infinity : at(magnitudes, falling[outliers - 1] ?? -1);
  const lower = count === 0 ? Infinity : at(magnitudes, falling[outliers + count - 1] ?? -1);
  // How many of the entries that are exactly as large as a cut are kept.
  const positions = falling.slice(outliers, outliers + count);
  const left = new Map(
    [upper, lower].map((cut) => [cut, positions.filter((i) => at(magnitudes, i) === cut).length]),
  );
  const kept = new Set(positions.filter((i) => !left.has(at(magnitudes, i))));
  for (let i = 0; i < n; i++) {
    const room = left.get(at(magnitudes, i)) ?? 0;
    if (room === 0) continue;
    kept.add(i);
    left.set(at(magnitudes, i), room - 1);
  }
  return masked(delta, (i) => kept.has(i));
}

/** DARE and DELLA: the entries that the given mask keeps; no mask is needed where nothing is drawn. */
export function keepMasked(delta: Vector, density: number, mask: Mask | undefined): Vector {
  if (density >= 1) return delta;
  if (density <= 0) return masked(delta, () => false);
  if (mask === undefined) throw new Error("a density between 0 and 1 needs a mask");
  return masked(delta, (i) => mask[i] !== 0);
}

/**
 * DELLA's probability of keeping each entry: density +- epsilon, linear in the rank by magnitude within the row (last
 * axis). Equal magnitudes share the mean of their ranks; a row of one entry has the density itself.
 */
export function dellaProbabilities(
  delta: Vector,
  shape: readonly number[],
  density: number,
  epsilon: number,
): Vector {
  const out = new Float64Array(delta.length).fill(NaN);
  for (const row of slices(shape, "rows")) {
    const magnitudes = row.map((i) => Math.abs(at(delta, i)));
    const ranks = new Map<number, number[]>();
    Float64Array.from(magnitudes)
      .sort()
      .forEach((magnitude, rank) => ranks.set(magnitude, [...(ranks.get(magnitude) ?? []), rank]));
    row.forEach((index, i) => {
      const share = row.length === 1 ? 0.5 : mean(ranks.get(at(magnitudes, i)) ?? []) / (row.length - 1);
      out[index] = density - epsilon + 2 * epsilon * clamp(share, 0, 1);
    });
  }
  return out;
}

/** Restores the sum of magnitudes that dropping took away, unless one of the two sums is next to nothing. */
export function rescaled(kept: Vector, delta: Vector): Vector {
  const [before, after] = [sumOfMagnitudes(delta), sumOfMagnitudes(kept)];
  return before < 1e-7 || after < 1e-7 ? kept : scale(kept, before / after);
}
