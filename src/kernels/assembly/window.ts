// What is measured of differences between stored values of one dtype, in one reading: how many of their magnitudes lie
// within a window, and the differences whose magnitudes do. The numbers are those of the separate kernels.
import { load4, pad } from "./load";
import { countHits, laneSum } from "./rank";
import { between, MAGNITUDE } from "./sparse";

/**
 * As subtract and histogramWindow over x - b, or over x - b - (y - b) where y is an address: writes how many of these
 * are exactly zero and how many keys are at or above `high` to `out`, two i32. `work` is scratch for 24 f32.
 */
export function windowStored<D>(
  b: usize, x: usize, y: usize, counts: usize, out: usize, work: usize, low: i32, high: i32, n: i32,
): void {
  if (y == 0) window<D>(b, x, b, counts, out, work, low, high, false, n);
  else window<D>(b, x, y, counts, out, work, low, high, true, n);
}

// @ts-ignore: decorator
@inline
function difference<D>(b: usize, x: usize, y: usize, apart: bool): v128 {
  const base = load4<D>(b);
  const p = f32x4.sub(load4<D>(x), base);
  return apart ? f32x4.sub(p, f32x4.sub(load4<D>(y), base)) : p;
}

// @ts-ignore: decorator
@inline
function window<D>(
  b: usize, x: usize, y: usize, counts: usize, out: usize, work: usize, low: i32, high: i32, apart: bool, n: i32,
): void {
  const none = f32x4.splat(0);
  const magnitude = i32x4.splat(MAGNITUDE);
  const lowest = i32x4.splat(low);
  const above = i32x4.splat(high - 1);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let zeros = i32x4.splat(0);
  let seen = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      if (apart) y = pad<D>(y, work + 64, n - whole);
    }
    const d0 = difference<D>(b, x, y, apart);
    const d1 = difference<D>(b + step, x + step, y + step, apart);
    const key0 = v128.and(d0, magnitude);
    const key1 = v128.and(d1, magnitude);
    const beyond0 = i32x4.gt_s(key0, above);
    const beyond1 = i32x4.gt_s(key1, above);
    zeros = i32x4.sub(i32x4.sub(zeros, f32x4.eq(d0, none)), f32x4.eq(d1, none));
    seen = i32x4.sub(i32x4.sub(seen, beyond0), beyond1);
    countHits(key0, v128.andnot(i32x4.ge_s(key0, lowest), beyond0), counts, low);
    countHits(key1, v128.andnot(i32x4.ge_s(key1, lowest), beyond1), counts, low);
    b += 2 * step;
    x += 2 * step;
    y += 2 * step;
  }
  const padding = n == whole ? 0 : 8 - (n - whole);
  if (low == 0) store<u32>(counts, load<u32>(counts) - padding);
  store<i32>(out, laneSum(zeros) - padding);
  store<i32>(out, laneSum(seen), 4);
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
