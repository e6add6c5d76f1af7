// What is measured of differences between stored values of one dtype, in one reading: how many of their magnitudes lie
// within a window, and the differences whose magnitudes do. The numbers are those of the separate kernels.
import { load4, pad } from "./load";
import { laneSum } from "./rank";
import { between, MAGNITUDE } from "./sparse";

/** For each set of lanes the bytes that bring them to the front. */
const FRONT: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  4, 5, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255,
  8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255,
  4, 5, 6, 7, 8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255, 255, 255, 255,
  12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255,
  4, 5, 6, 7, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 255, 255, 255, 255,
  8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255,
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
], 16);

/**
 * As subtract and histogramWindow over x - b, or over x - b - (y - b) where y is an address: writes how many of these
 * are exactly zero, and how many keys are at or above `high`, to `out`, two i32. Where `counts2` is an address, the same
 * for a second window above the first, whose i32 comes third. `work` is scratch for n + 32 f32.
 */
export function windowStored<D>(
  b: usize, x: usize, y: usize, counts: usize, counts2: usize, out: usize, work: usize,
  low: i32, high: i32, low2: i32, high2: i32, n: i32,
): void {
  const two = counts2 != 0;
  if (y == 0 && two) window<D>(b, x, b, counts, counts2, out, work, low, high, low2, high2, false, true, n);
  else if (y == 0) window<D>(b, x, b, counts, 0, out, work, low, high, 0, 0, false, false, n);
  else if (two) window<D>(b, x, y, counts, counts2, out, work, low, high, low2, high2, true, true, n);
  else window<D>(b, x, y, counts, 0, out, work, low, high, 0, 0, true, false, n);
}

// @ts-ignore: decorator
@inline
function difference<D>(b: usize, x: usize, y: usize, apart: bool): v128 {
  const base = load4<D>(b);
  const p = f32x4.sub(load4<D>(x), base);
  return apart ? f32x4.sub(p, f32x4.sub(load4<D>(y), base)) : p;
}

/** Appends the keys at `hits` to the list that ends at `end`; returns where it ends then. Never waits for a guess. */
// @ts-ignore: decorator
@inline
function append(key: v128, hits: v128, end: usize): usize {
  const lanes = i32x4.bitmask(hits);
  v128.store(end, v128.swizzle(key, v128.load(FRONT + (<usize>lanes << 4))));
  return end + (<usize>i32.popcnt(lanes) << 2);
}

// @ts-ignore: decorator
@inline
function window<D>(
  b: usize, x: usize, y: usize, counts: usize, counts2: usize, out: usize, work: usize,
  low: i32, high: i32, low2: i32, high2: i32, apart: bool, two: bool, n: i32,
): void {
  const none = f32x4.splat(0);
  const magnitude = i32x4.splat(MAGNITUDE);
  const below = i32x4.splat(low - 1), above = i32x4.splat(high - 1);
  const below2 = i32x4.splat(low2 - 1), above2 = i32x4.splat(high2 - 1);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  const list = work + 96;
  let end = list;
  let zeros = i32x4.splat(0);
  let seen = i32x4.splat(0);
  let seen2 = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      if (apart) y = pad<D>(y, work + 64, n - whole);
    }
    for (let half = 0; half < 2; half++) {
      const d = difference<D>(b, x, y, apart);
      const key = v128.and(d, magnitude);
      const beyond = i32x4.gt_s(key, above);
      let hits = v128.andnot(i32x4.gt_s(key, below), beyond);
      zeros = i32x4.sub(zeros, f32x4.eq(d, none));
      seen = i32x4.sub(seen, beyond);
      if (two) {
        const beyond2 = i32x4.gt_s(key, above2);
        seen2 = i32x4.sub(seen2, beyond2);
        hits = v128.or(hits, v128.andnot(i32x4.gt_s(key, below2), beyond2));
      }
      end = append(key, hits, end);
      b += step;
      x += step;
      y += step;
    }
  }
  const start = counts - (<usize>low << 2), start2 = counts2 - (<usize>low2 << 2);
  for (let at = list; at < end; at += 4) {
    const key = load<i32>(at);
    const place = (two && key >= low2 ? start2 : start) + (<usize>key << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  const padding = n == whole ? 0 : 8 - (n - whole);
  if (low == 0) store<u32>(counts, load<u32>(counts) - padding);
  store<i32>(out, laneSum(zeros) - padding);
  store<i32>(out, laneSum(seen), 4);
  if (two) store<i32>(out, laneSum(seen2), 8);
}

/**
 * p = x - b and q = y - b as f32 where the key of p - q is from low to high, else 0; returns how many keys equal low.
 * p and q are scratch: up to seven elements past n are overwritten.
 */
export function keepApart<D>(b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, low: i32, high: i32, n: i32): i32 {
  const magnitude = i32x4.splat(MAGNITUDE);
  const lowest = i32x4.splat(low);
  const highest = i32x4.splat(high);
  const step = sizeof<D>() << 2;
  const whole = n & ~3;
  let equal = i32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      y = pad<D>(y, work + 64, n - whole);
    }
    const base = load4<D>(b);
    const first = f32x4.sub(load4<D>(x), base);
    const second = f32x4.sub(load4<D>(y), base);
    const key = v128.and(f32x4.sub(first, second), magnitude);
    equal = i32x4.sub(equal, i32x4.eq(key, lowest));
    v128.store(p, between(key, first, lowest, highest));
    v128.store(q, between(key, second, lowest, highest));
    b += step;
    x += step;
    y += step;
    p += 16;
    q += 16;
  }
  const padding = n == whole ? 0 : 4 - (n - whole);
  return laneSum(equal) - (low == 0 ? padding : 0);
}
