// Dropping entries of f32 vectors in scratch memory by draws that are compared with a limit of their own each. What is
// kept can be told as bits: of eight elements that follow one another a byte, the first in its lowest bit.
import { mix } from "./mix";

const MAGNITUDE: i32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function firstDraws(index: u32, key0: u32, key1: u32): v128 {
  const indices = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  return i32x4.add(i32x4.mul(indices, i32x4.splat(key0 | 1)), i32x4.splat(key1));
}

/** Where the draw (see clearRandom), as a signed number, is below its limit. */
// @ts-ignore: decorator
@inline
function isKept(draw: v128, limits: v128): v128 {
  return i32x4.lt_s(v128.xor(mix(draw), i32x4.splat(i32.MIN_VALUE)), limits);
}

/** d = 0 where the draw for the element is at or above its limit. Pads. */
export function clearDrawn(d: usize, limits: usize, index: u32, key0: u32, key1: u32, n: i32): void {
  const eight = i32x4.splat((key0 | 1) << 3);
  let low = firstDraws(index, key0, key1);
  let high = firstDraws(index + 4, key0, key1);
  for (let i = 0; i < n; i += 8, d += 32, limits += 32) {
    const a = isKept(low, v128.load(limits));
    const b = isKept(high, v128.load(limits, 16));
    v128.store(d, v128.and(v128.load(d), a));
    v128.store(d, v128.and(v128.load(d, 16), b), 16);
    low = i32x4.add(low, eight);
    high = i32x4.add(high, eight);
  }
}

/**
 * As clearDrawn, but d stays as it is: writes what is kept as bits, and to `sums` the sum of all magnitudes and that of
 * the kept ones, two f64 with the order of sumMagnitudes.
 */
export function sumDrawn(
  d: usize, limits: usize, bits: usize, sums: usize, index: u32, key0: u32, key1: u32, n: i32,
): void {
  const magnitude = i32x4.splat(MAGNITUDE);
  const eight = i32x4.splat((key0 | 1) << 3);
  let drawLow = firstDraws(index, key0, key1);
  let drawHigh = firstDraws(index + 4, key0, key1);
  let all0 = f64x2.splat(0), all1 = all0, kept0 = all0, kept1 = all0;
  let tail = 0;
  for (let i = 0; i < n; i += 8, d += 32, limits += 32, bits++) {
    const a = isKept(drawLow, v128.load(limits));
    const b = isKept(drawHigh, v128.load(limits, 16));
    const mask = i32x4.bitmask(a) | (i32x4.bitmask(b) << 4);
    drawLow = i32x4.add(drawLow, eight);
    drawHigh = i32x4.add(drawHigh, eight);
    const left = n - i;
    const low = v128.and(v128.load(d), magnitude);
    if (left >= 4) {
      const keptLow = v128.and(low, a);
      all0 = f64x2.add(all0, f64x2.promote_low_f32x4(low));
      all1 = f64x2.add(all1, f64x2.promote_low_f32x4(v128.shuffle<u64>(low, low, 1, 1)));
      kept0 = f64x2.add(kept0, f64x2.promote_low_f32x4(keptLow));
      kept1 = f64x2.add(kept1, f64x2.promote_low_f32x4(v128.shuffle<u64>(keptLow, keptLow, 1, 1)));
    }
    if (left < 8) {
      tail = mask & ((1 << left) - 1);
      store<u8>(bits, tail);
      break;
    }
    store<u8>(bits, mask);
    const high = v128.and(v128.load(d, 16), magnitude);
    const keptHigh = v128.and(high, b);
    all0 = f64x2.add(all0, f64x2.promote_low_f32x4(high));
    all1 = f64x2.add(all1, f64x2.promote_low_f32x4(v128.shuffle<u64>(high, high, 1, 1)));
    kept0 = f64x2.add(kept0, f64x2.promote_low_f32x4(keptHigh));
    kept1 = f64x2.add(kept1, f64x2.promote_low_f32x4(v128.shuffle<u64>(keptHigh, keptHigh, 1, 1)));
  }
  let all = laneSum(all0, all1);
  let kept = laneSum(kept0, kept1);
  for (let i = (n & 7) & 4; i < (n & 7); i++) {
    const value = <f64>abs(load<f32>(d + (<usize>i << 2)));
    all += value;
    if ((tail >> i) & 1) kept += value;
  }
  store<f64>(sums, all);
  store<f64>(sums, kept, 8);
}

// @ts-ignore: decorator
@inline
function laneSum(low: v128, high: v128): f64 {
  const total = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  return total + f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1);
}

/** All bits of the lanes whose own bit, in `own`, is set in `bits`, which is the same byte sixteen times. */
// @ts-ignore: decorator
@inline
export function lanesOf(bits: v128, own: v128): v128 {
  return i32x4.eq(v128.and(bits, own), own);
}

/** d = 0 where its bit is not set. Pads. */
export function clearByBits(d: usize, bits: usize, n: i32): void {
  const low = i32x4(1, 2, 4, 8);
  const high = i32x4(16, 32, 64, 128);
  for (let i = 0; i < n; i += 8, d += 32, bits++) {
    const mask = v128.load8_splat(bits);
    v128.store(d, v128.and(v128.load(d), lanesOf(mask, low)));
    v128.store(d, v128.and(v128.load(d, 16), lanesOf(mask, high)), 16);
  }
}
