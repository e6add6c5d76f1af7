// Whole merges of two models near a base in one reading of stored values of one dtype. Order and rounding are those of
// the separate kernels (selectLarger and moveTowards; clearSmall, countNonZero, addScaled, shareOverlap and finishSum;
// countDominant, clearBelow and finishSum; encode), so that either way gives the same bits. Each returns false, with
// results of no meaning, if some value is not finite. `work` is scratch for 32 f32.
import { load4, pad, pick8 } from "./load";
import { laneSum } from "./rank";
import { magnitude, store8, suspect } from "./store";

const LARGEST: i32 = 0;
const OVERLAP: i32 = 1;
const AGREED: i32 = 2;
/** OVERLAP with both factors 1. */
const MEAN: i32 = 3;

/** b + s * d, s being 1 for means; b where d is 0, which keeps its sign if it is 0 too. */
// @ts-ignore: decorator
@inline
function moved4(base: v128, d: v128, s: v128, mode: i32): v128 {
  const delta = mode == MEAN || mode == OVERLAP ? d : f32x4.mul(s, d);
  return v128.bitselect(base, f32x4.add(base, delta), f32x4.eq(d, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function overlap4(p: v128, q: v128, epsilon: v128, c0: v128, c1: v128): v128 {
  const activeP = f32x4.gt(magnitude(p), epsilon);
  const activeQ = f32x4.gt(magnitude(q), epsilon);
  const d0 = v128.and(p, activeP);
  const d1 = v128.and(q, activeQ);
  const mean = f32x4.mul(f32x4.add(d0, d1), f32x4.splat(0.5));
  const alone = f32x4.add(f32x4.mul(c0, d0), f32x4.mul(c1, d1));
  return v128.bitselect(mean, alone, v128.and(activeP, activeQ));
}

// @ts-ignore: decorator
@inline
function mean4(p: v128, q: v128, epsilon: v128): v128 {
  const activeP = f32x4.gt(magnitude(p), epsilon);
  const activeQ = f32x4.gt(magnitude(q), epsilon);
  const sum = f32x4.add(v128.and(p, activeP), v128.and(q, activeQ));
  // 1, or 1/2 where the mask is -1: one less in the exponent.
  const share = i32x4.add(f32x4.splat(1), i32x4.shl(v128.and(activeP, activeQ), 23));
  return f32x4.mul(sum, share);
}

/** p + q where as many stand behind it as are wanted: none, one, both, or more than there are. */
// @ts-ignore: decorator
@inline
function agreed4(p: v128, q: v128, ratio0: v128, ratio1: v128, least: v128): v128 {
  const sum = f32x4.add(p, q);
  const dominant0 = f32x4.gt(magnitude(p), f32x4.mul(ratio0, magnitude(f32x4.sub(sum, p))));
  const dominant1 = f32x4.gt(magnitude(q), f32x4.mul(ratio1, magnitude(f32x4.sub(sum, q))));
  const one = f32x4.splat(1);
  const count = f32x4.add(v128.and(one, dominant0), v128.and(one, dominant1));
  return v128.and(sum, f32x4.ge(count, least));
}

/** What to add to the base, before it is scaled. */
// @ts-ignore: decorator
@inline
function delta4(p: v128, q: v128, limit: v128, c0: v128, c1: v128, mode: i32): v128 {
  if (mode == OVERLAP) return overlap4(p, q, limit, c0, c1);
  if (mode == MEAN) return mean4(p, q, limit);
  if (mode == AGREED) return agreed4(p, q, c0, c1, limit);
  return v128.bitselect(p, q, i32x4.gt_s(magnitude(p), magnitude(q)));
}

// @ts-ignore: decorator
@inline
function ofTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize,
  limit: f32, c0: f32, c1: f32, s: f32, mode: i32, n: i32,
): bool {
  const edge = f32x4.splat(limit);
  const first = f32x4.splat(c0);
  const second = f32x4.splat(c1);
  const scale = f32x4.splat(s);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let most = i32x4.splat(0);
  let bad = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    let target = out;
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      y = pad<D>(y, work + 64, n - whole);
      target = work + 96;
    }
    let base = load4<D>(b);
    let p = f32x4.sub(load4<D>(x), base);
    let q = f32x4.sub(load4<D>(y), base);
    most = i32x4.max_s(most, i32x4.max_s(magnitude(p), magnitude(q)));
    const low = moved4(base, delta4(p, q, edge, first, second, mode), scale, mode);
    base = load4<D>(b + step);
    p = f32x4.sub(load4<D>(x + step), base);
    q = f32x4.sub(load4<D>(y + step), base);
    most = i32x4.max_s(most, i32x4.max_s(magnitude(p), magnitude(q)));
    const high = moved4(base, delta4(p, q, edge, first, second, mode), scale, mode);
    bad = v128.or(bad, store8<D>(target, low, high));
    b += 2 * step;
    x += 2 * step;
    y += 2 * step;
    out += 2 * step;
  }
  if (n > whole) memory.copy(out - 2 * step, work + 96, <usize>(n - whole) * sizeof<D>());
  return !v128.any_true(v128.or(bad, suspect<f32>(most)));
}

/** The stored x where it is farther from b than y is, else y. */
// @ts-ignore: decorator
@inline
function fartherOfTwo<D>(b: usize, x: usize, y: usize, out: usize, work: usize, n: i32): bool {
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let most = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    let target = out;
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      y = pad<D>(y, work + 64, n - whole);
      target = work + 96;
    }
    const b0 = load4<D>(b), b1 = load4<D>(b + step);
    const p0 = magnitude(f32x4.sub(load4<D>(x), b0)), p1 = magnitude(f32x4.sub(load4<D>(x + step), b1));
    const q0 = magnitude(f32x4.sub(load4<D>(y), b0)), q1 = magnitude(f32x4.sub(load4<D>(y + step), b1));
    most = i32x4.max_s(most, i32x4.max_s(i32x4.max_s(p0, q0), i32x4.max_s(p1, q1)));
    const low = i32x4.gt_s(p0, q0), high = i32x4.gt_s(p1, q1);
    pick8<D>(target, x, y, low, high);
    b += 2 * step;
    x += 2 * step;
    y += 2 * step;
    out += 2 * step;
  }
  if (n > whole) memory.copy(out - 2 * step, work + 96, <usize>(n - whole) * sizeof<D>());
  return !v128.any_true(suspect<f32>(most));
}

/** out = b + s * d with the larger d of x - b and y - b, the latter of equals; for s = 1 the model's own value. */
export function largestOfTwo<D>(b: usize, x: usize, y: usize, out: usize, work: usize, s: f32, n: i32): bool {
  if (s == 1) return fartherOfTwo<D>(b, x, y, out, work, n);
  return ofTwo<D>(b, x, y, out, work, 0, 0, 0, s, LARGEST, n);
}

/**
 * out = b + the mean of x - b and y - b where the magnitudes of both are above epsilon; one that is alone counts times
 * its factor, c0 or c1.
 */
export function overlapOfTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, c0: f32, c1: f32, n: i32,
): bool {
  if (c0 == 1 && c1 == 1) return ofTwo<D>(b, x, y, out, work, epsilon, 1, 1, 1, MEAN, n);
  return ofTwo<D>(b, x, y, out, work, epsilon, c0, c1, 1, OVERLAP, n);
}

/** out = b + s * (d0 + d1) where at least `least` of d = x - b and y - b are larger than their ratio times the other. */
export function agreedOfTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, r0: f32, r1: f32, least: f32, s: f32, n: i32,
): bool {
  return ofTwo<D>(b, x, y, out, work, least, r0, r1, s, AGREED, n);
}

/** out = how many task vectors p and q are above epsilon in magnitude both, how many p are, how many q; three i32. */
export function activeOfTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, n: i32,
): void {
  const limit = f32x4.splat(epsilon);
  const step = sizeof<D>() << 2;
  const whole = n & ~3;
  let both = i32x4.splat(0), first = both, second = both;
  for (let i = 0; i < n; i += 4, b += step, x += step, y += step) {
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      y = pad<D>(y, work + 64, n - whole);
    }
    const base = load4<D>(b);
    const p = f32x4.gt(magnitude(f32x4.sub(load4<D>(x), base)), limit);
    const q = f32x4.gt(magnitude(f32x4.sub(load4<D>(y), base)), limit);
    both = i32x4.sub(both, v128.and(p, q));
    first = i32x4.sub(first, p);
    second = i32x4.sub(second, q);
  }
  store<i32>(out, laneSum(both));
  store<i32>(out, laneSum(first), 4);
  store<i32>(out, laneSum(second), 8);
}
