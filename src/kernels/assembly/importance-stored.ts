// The steps on importances that read stored values of one dtype: b the base, x the model. Order and rounding are those of
// the separate kernels (decode, subtract, rangesOf, scaleMagnitudes, histogramWindow, takeFrom).
import { load1, load4, pad, pick8 } from "./load";
import { laneSum } from "./rank";
import { magnitude, suspect } from "./store";

// @ts-ignore: decorator
@inline
export function largestLane(v: v128): f32 {
  const low = max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1));
  return max(low, max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

// @ts-ignore: decorator
@inline
export function smallestLane(v: v128): f32 {
  const low = min(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1));
  return min(low, min(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

/** base = b, delta = x - b as f32; out = largest b, smallest and largest x - b; f64. NaN may or may not come through. */
export function rangesStored<D>(b: usize, x: usize, base: usize, delta: usize, n: i32, out: usize): void {
  let most = f32x4.splat(-Infinity);
  let largest = most;
  let smallest = f32x4.splat(Infinity);
  const step = sizeof<D>() << 2;
  let i = 0;
  for (; i + 4 <= n; i += 4, b += step, x += step, base += 16, delta += 16) {
    const value = load4<D>(b);
    const d = f32x4.sub(load4<D>(x), value);
    v128.store(base, value);
    v128.store(delta, d);
    most = f32x4.pmax(most, value);
    smallest = f32x4.pmin(smallest, d);
    largest = f32x4.pmax(largest, d);
  }
  let top = largestLane(most);
  let low = smallestLane(smallest);
  let high = largestLane(largest);
  for (; i < n; i++, b += sizeof<D>(), x += sizeof<D>(), base += 4, delta += 4) {
    const value = load1<D>(b);
    const d = load1<D>(x) - value;
    store<f32>(base, value);
    store<f32>(delta, d);
    top = max(top, value);
    low = min(low, d);
    high = max(high, d);
  }
  store<f64>(out, top);
  store<f64>(out, low, 8);
  store<f64>(out, high, 16);
}

/** Keys are compared by their upper 16 bits, eight at a time: less this, they and one below the least are in i16. */
const MIDDLE: i32 = 0x7fff;

// @ts-ignore: decorator
@inline
function edge(key: i32): v128 {
  return i16x8.splat(<i16>((key >>> 15) - 1 - MIDDLE));
}

// @ts-ignore: decorator
@inline
function laneSum8(counts: v128): i32 {
  return laneSum(i32x4.extadd_pairwise_i16x8_s(counts));
}

// @ts-ignore: decorator
@inline
function increment(at: usize, by: i32): void {
  store<i32>(at, load<i32>(at) + by);
}

/** Counts a key that is within some of the windows; zeros are counted apart. */
function countKey(key: i32, windows: usize): void {
  if (key == 0) return;
  for (let window = windows; window < windows + 48; window += 16) {
    const low = load<i32>(window);
    if (key >= low && key < load<i32>(window, 4)) increment(<usize>load<i32>(window, 8) + (<usize>(key - low) << 2), 1);
  }
}

/**
 * Counts the keys of factor * |x - b| in three windows. Each is four i32 from `windows` on: low and high, multiples of
 * 2^15, the address of a table, and a count of keys at or above high. table[key - low] += 1 for the
 * keys from low to below high. The i32 after the three is the number of zeros. Adds to what is there. `work` is scratch
 * for 16 f32; n at most 2^17.
 */
export function windowsImportance<D>(b: usize, x: usize, windows: usize, work: usize, factor: f32, n: i32): void {
  const by = f32x4.splat(factor);
  const none = i32x4.splat(0);
  const middle = i16x8.splat(<i16>MIDDLE);
  const below0 = edge(load<i32>(windows)), top0 = edge(load<i32>(windows, 4));
  const below1 = edge(load<i32>(windows, 16)), top1 = edge(load<i32>(windows, 20));
  const below2 = edge(load<i32>(windows, 32)), top2 = edge(load<i32>(windows, 36));
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let above0 = none, above1 = none, above2 = none, zeros = none;
  for (let i = 0; i < n; i += 8, b += 2 * step, x += 2 * step) {
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
    }
    let low = magnitude(f32x4.mul(by, f32x4.sub(load4<D>(x), load4<D>(b))));
    let high = magnitude(f32x4.mul(by, f32x4.sub(load4<D>(x + step), load4<D>(b + step))));
    if (i == whole) {
      // A factor that is not finite makes NaN of the padding.
      low = v128.and(low, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n - whole)));
      high = v128.and(high, i32x4.lt_s(i32x4(4, 5, 6, 7), i32x4.splat(n - whole)));
    }
    zeros = i32x4.sub(i32x4.sub(zeros, i32x4.eq(low, none)), i32x4.eq(high, none));
    const key = i16x8.sub(i16x8.narrow_i32x4_u(i32x4.shr_u(low, 15), i32x4.shr_u(high, 15)), middle);
    const beyond0 = i16x8.gt_s(key, top0), beyond1 = i16x8.gt_s(key, top1), beyond2 = i16x8.gt_s(key, top2);
    above0 = i16x8.sub(above0, beyond0);
    above1 = i16x8.sub(above1, beyond1);
    above2 = i16x8.sub(above2, beyond2);
    // Above the lower edge, not above the upper one.
    const within0 = v128.xor(i16x8.gt_s(key, below0), beyond0);
    const within1 = v128.xor(i16x8.gt_s(key, below1), beyond1);
    const within2 = v128.xor(i16x8.gt_s(key, below2), beyond2);
    const within = v128.or(within0, v128.or(within1, within2));
    if (!v128.any_true(within)) continue;
    v128.store(work, low);
    v128.store(work, high, 16);
    for (let hits = i16x8.bitmask(within); hits != 0; hits &= hits - 1)
      countKey(load<i32>(work + (<usize>ctz(hits) << 2)), windows);
  }
  const padding = n == whole ? 0 : 8 - (n - whole);
  const found = laneSum(zeros) - padding;
  increment(windows + 12, laneSum8(above0));
  increment(windows + 28, laneSum8(above1));
  increment(windows + 44, laneSum8(above2));
  increment(windows + 48, found);
  for (let window = windows; window < windows + 48; window += 16)
    if (load<i32>(window) == 0 && load<i32>(window, 4) > 0) increment(<usize>load<i32>(window, 8), found);
}

/**
 * out = the stored x where factor * |x - b| is at least `least`, the stored b elsewhere. Returns false, with results of no
 * meaning, if some value is not finite. `work` is scratch for 32 f32.
 */
export function takeImportant<D>(
  b: usize, x: usize, out: usize, work: usize, factor: f32, least: f32, n: i32,
): bool {
  const by = f32x4.splat(factor);
  const limit = f32x4.splat(least);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let most = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    let target = out;
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      target = work + 96;
    }
    const d0 = magnitude(f32x4.sub(load4<D>(x), load4<D>(b)));
    const d1 = magnitude(f32x4.sub(load4<D>(x + step), load4<D>(b + step)));
    most = i32x4.max_s(most, i32x4.max_s(d0, d1));
    const low = f32x4.ge(f32x4.mul(by, d0), limit), high = f32x4.ge(f32x4.mul(by, d1), limit);
    pick8<D>(target, x, b, low, high);
    b += 2 * step;
    x += 2 * step;
    out += 2 * step;
  }
  if (n > whole) memory.copy(out - 2 * step, work + 96, <usize>(n - whole) * sizeof<D>());
  return !v128.any_true(suspect<f32>(most));
}
