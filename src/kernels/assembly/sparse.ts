// What the combinations of two task vectors, and of one model near the base, do in one reading of stored values of one
// dtype. Order and rounding are those of the separate kernels (subtract; clearBelowKey and clearAboveKey; electTwo, or
// addScaled and finishSum; nearswap; encode), so that either way gives the same bits.
import { load4, pad } from "./load";
import { laneSum } from "./rank";
import { magnitude, store8, suspect } from "./store";

export const MAGNITUDE: i32 = 0x7fffffff;
const SIGN: i32 = 0x80000000;

/** How two masked task vectors are joined: added up, or those with the elected sign added up or averaged. */
const ADD: i32 = 0;
const ELECT: i32 = 1;
const AVERAGE: i32 = 2;
/** AVERAGE of entries that are kept by how far the two task vectors are apart: both or neither. */
const AVERAGE_APART: i32 = 3;

/** d where its key is within the edges, else 0. */
// @ts-ignore: decorator
@inline
export function between(key: v128, d: v128, low: v128, high: v128): v128 {
  return v128.and(d, v128.and(i32x4.ge_s(key, low), i32x4.le_s(key, high)));
}

// @ts-ignore: decorator
@inline
function join4(
  base: v128, d0: v128, d1: v128,
  v0: v128, v1: v128, c0: v128, c1: v128, w0: v128, w1: v128, s: v128, floor: v128, floored: bool, mode: i32,
): v128 {
  const none = f32x4.splat(0);
  const z0 = f32x4.mul(c0, d0);
  const z1 = f32x4.mul(c1, d1);
  let m: v128;
  if (mode == ADD) {
    m = f32x4.add(f32x4.add(none, z0), z1);
  } else {
    const vote = f32x4.add(f32x4.add(none, f32x4.mul(v0, d0)), f32x4.mul(v1, d1));
    // A value has the elected sign if it is positive once negative votes have turned it.
    const turn = v128.andnot(i32x4.splat(SIGN), f32x4.ge(vote, none));
    const kept0 = f32x4.gt(v128.xor(z0, turn), none);
    const kept1 = f32x4.gt(v128.xor(z1, turn), none);
    m = f32x4.add(f32x4.add(none, v128.and(z0, kept0)), v128.and(z1, kept1));
    if (mode != ELECT) {
      const weight = f32x4.add(f32x4.add(none, v128.and(w0, kept0)), v128.and(w1, kept1));
      const divisor = floored
        ? f32x4.max(weight, floor)
        : v128.bitselect(f32x4.splat(1), weight, f32x4.eq(weight, none));
      const mean = f32x4.div(m, divisor);
      return v128.bitselect(base, f32x4.add(base, f32x4.mul(s, mean)), f32x4.eq(m, none));
    }
  }
  return v128.bitselect(base, f32x4.add(base, f32x4.mul(s, m)), f32x4.eq(m, none));
}

/**
 * out = b + s * join(p, q) over task vectors p = x - b and q = y - b, each cut down to the keys from low to high; v:
 * factors of the vote, c: of the sum, w: weights. Writes how many keys of p and q equal low0 and low1 to `counts` (two
 * i32). Returns false, with results of no meaning, if some value is not finite. `work` is scratch for 32 f32.
 */
// @ts-ignore: decorator
@inline
function joinTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, counts: usize,
  low0: i32, high0: i32, low1: i32, high1: i32,
  v0: f32, v1: f32, c0: f32, c1: f32, w0: f32, w1: f32, s: f32, floor: f32, mode: i32, n: i32,
): bool {
  const lowest0 = i32x4.splat(low0), highest0 = i32x4.splat(high0);
  const lowest1 = i32x4.splat(low1), highest1 = i32x4.splat(high1);
  const vote0 = f32x4.splat(v0), vote1 = f32x4.splat(v1);
  const factor0 = f32x4.splat(c0), factor1 = f32x4.splat(c1);
  const weight0 = f32x4.splat(w0), weight1 = f32x4.splat(w1);
  const scale = f32x4.splat(s), least = f32x4.splat(floor);
  const floored = floor > 0;
  const apart = mode == AVERAGE_APART;
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let bad = i32x4.splat(0);
  let equal0 = i32x4.splat(0);
  let equal1 = i32x4.splat(0);
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
    let pKey = magnitude(apart ? f32x4.sub(p, q) : p);
    let qKey = apart ? pKey : magnitude(q);
    equal0 = i32x4.sub(equal0, i32x4.eq(pKey, lowest0));
    equal1 = i32x4.sub(equal1, i32x4.eq(qKey, lowest1));
    bad = v128.or(bad, v128.or(suspect<f32>(p), suspect<f32>(q)));
    p = between(pKey, p, lowest0, highest0);
    q = between(qKey, q, lowest1, highest1);
    const low = join4(base, p, q, vote0, vote1, factor0, factor1, weight0, weight1, scale, least, floored, mode);
    base = load4<D>(b + step);
    p = f32x4.sub(load4<D>(x + step), base);
    q = f32x4.sub(load4<D>(y + step), base);
    pKey = magnitude(apart ? f32x4.sub(p, q) : p);
    qKey = apart ? pKey : magnitude(q);
    equal0 = i32x4.sub(equal0, i32x4.eq(pKey, lowest0));
    equal1 = i32x4.sub(equal1, i32x4.eq(qKey, lowest1));
    bad = v128.or(bad, v128.or(suspect<f32>(p), suspect<f32>(q)));
    p = between(pKey, p, lowest0, highest0);
    q = between(qKey, q, lowest1, highest1);
    const high = join4(base, p, q, vote0, vote1, factor0, factor1, weight0, weight1, scale, least, floored, mode);
    bad = v128.or(bad, store8<D>(target, low, high));
    b += 2 * step;
    x += 2 * step;
    y += 2 * step;
    out += 2 * step;
  }
  const padding = n - whole == 0 ? 0 : 8 - (n - whole);
  if (padding > 0) memory.copy(out - 2 * step, work + 96, <usize>(n - whole) * sizeof<D>());
  store<i32>(counts, laneSum(equal0) - (low0 == 0 ? padding : 0));
  store<i32>(counts, laneSum(equal1) - (low1 == 0 ? padding : 0), 4);
  return !v128.any_true(bad);
}

export function sparseTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, counts: usize,
  low0: i32, high0: i32, low1: i32, high1: i32,
  v0: f32, v1: f32, c0: f32, c1: f32, w0: f32, w1: f32, s: f32, floor: f32, mode: i32, n: i32,
): bool {
  if (mode == ADD)
    return joinTwo<D>(b, x, y, out, work, counts, low0, high0, low1, high1, v0, v1, c0, c1, w0, w1, s, floor, ADD, n);
  if (mode == ELECT)
    return joinTwo<D>(b, x, y, out, work, counts, low0, high0, low1, high1, v0, v1, c0, c1, w0, w1, s, floor, ELECT, n);
  if (mode == AVERAGE)
    return joinTwo<D>(b, x, y, out, work, counts, low0, high0, low1, high1, v0, v1, c0, c1, w0, w1, s, floor, AVERAGE, n);
  return joinTwo<D>(b, x, y, out, work, counts, low0, high0, low0, high0, v0, v1, c0, c1, w0, w1, s, floor, AVERAGE_APART, n);
}

/** What nearswap takes for the least distance. */
const LEAST_DISTANCE: f32 = 1e-6;

// @ts-ignore: decorator
@inline
function near4(model: v128, base: v128, limit: v128): v128 {
  const d = f32x4.sub(model, base);
  const ratio = f32x4.div(limit, f32x4.pmax(magnitude(d), f32x4.splat(LEAST_DISTANCE)));
  const moved = f32x4.add(base, f32x4.mul(ratio, d));
  return v128.bitselect(model, moved, f32x4.ge(ratio, f32x4.splat(1)));
}

/**
 * As nearswap; returns false, with results of no meaning, if some value is not finite, or t is below 1e-6. From there on
 * a ratio is 0 only where the distance is infinite, and an input that is not finite gives NaN. `work`: scratch for 32 f32.
 */
export function nearswapStored<D>(x: usize, b: usize, out: usize, work: usize, t: f32, n: i32): bool {
  if (!(t >= LEAST_DISTANCE)) return false;
  const limit = f32x4.splat(t);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let bad = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    let target = out;
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      target = work + 96;
    }
    const low = near4(load4<D>(x), load4<D>(b), limit);
    const high = near4(load4<D>(x + step), load4<D>(b + step), limit);
    bad = v128.or(bad, store8<D>(target, low, high));
    b += 2 * step;
    x += 2 * step;
    out += 2 * step;
  }
  if (n > whole) memory.copy(out - 2 * step, work + 96, <usize>(n - whole) * sizeof<D>());
  return !v128.any_true(bad);
}
