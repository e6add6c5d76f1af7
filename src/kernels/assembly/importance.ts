// The divergence of a row's softmax from that of another row that hardly differs, on f32 vectors in scratch memory: b
// the base, d what is added to it. All that is summed is small where d is: nothing cancels. Lane l of four sums elements
// l, l + 4, ... in f32 within blocks of 64 elements and in f64 across them; then the lanes are added in order.
import { largestLane, smallestLane } from "./importance-stored";

const BLOCK: i32 = 64;

const LOG2_E: f32 = 1.44269504;
// ln 2 in two parts, the first with few bits: its multiples are exact.
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** e^x below is less than the smallest normal number. */
const LEAST_EXPONENT: f32 = -87;
/** Added to a small number, leaves its nearest integer in the lowest bits. */
const ROUNDER: f32 = 12582912;

// @ts-ignore: decorator
@inline
function laneSum(low: v128, high: v128): f64 {
  const total = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  return total + f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1);
}

// @ts-ignore: decorator
@inline
function addLow(sum: v128, v: v128): v128 {
  return f64x2.add(sum, f64x2.promote_low_f32x4(v));
}

// @ts-ignore: decorator
@inline
function addHigh(sum: v128, v: v128): v128 {
  return f64x2.add(sum, f64x2.promote_low_f32x4(v128.shuffle<u64>(v, v, 1, 1)));
}

/** The first n of four lanes, else 0; all of them for more. */
// @ts-ignore: decorator
@inline
function first(v: v128, n: i32): v128 {
  return v128.and(v, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n)));
}

// @ts-ignore: decorator
@inline
function madd(a: v128, x: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(a, x), f32x4.splat(c));
}

/** e^x for x from -87 to 0, the power at -87 below: a polynomial fitted to 1e-7 after taking out powers of 2. */
// @ts-ignore: decorator
@inline
function exp4(x: v128): v128 {
  const clamped = f32x4.pmax(x, f32x4.splat(LEAST_EXPONENT));
  const shifted = f32x4.add(f32x4.mul(clamped, f32x4.splat(LOG2_E)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let sum = madd(f32x4.splat(0.00836914982), r, 0.0419175166);
  sum = madd(sum, r, 0.166665052);
  sum = madd(sum, r, 0.499988693);
  sum = madd(sum, r, 1);
  sum = madd(sum, r, 1);
  return i32x4.add(sum, i32x4.shl(shifted, 23));
}

/** e^x - 1 for |x| up to 1/8: a polynomial fitted to 3e-9. */
// @ts-ignore: decorator
@inline
function expm14(x: v128): v128 {
  let sum = madd(f32x4.splat(0.00833721563), x, 0.0416938444);
  sum = madd(sum, x, 0.166666651);
  sum = madd(sum, x, 0.499999894);
  sum = madd(sum, x, 1);
  return f32x4.mul(sum, x);
}

/** ((1 + s) log(1 + s) - s) / s^2 for s from e^-1/8 - 1 to e^1/8 - 1: a polynomial fitted to 1e-7. */
// @ts-ignore: decorator
@inline
function excess4(s: v128): v128 {
  let sum = madd(f32x4.splat(0.0327605733), s, -0.0504524985);
  sum = madd(sum, s, 0.08334268);
  sum = madd(sum, s, -0.166664932);
  return madd(sum, s, 0.499999986);
}

/** out = largest b, smallest d, largest d; f64. NaN may or may not come through. */
export function rangesOf(b: usize, d: usize, n: i32, out: usize): void {
  let most = f32x4.splat(-Infinity);
  let smallest = f32x4.splat(Infinity);
  let largest = most;
  let i = 0;
  for (; i + 4 <= n; i += 4, b += 16, d += 16) {
    const delta = v128.load(d);
    most = f32x4.pmax(most, v128.load(b));
    smallest = f32x4.pmin(smallest, delta);
    largest = f32x4.pmax(largest, delta);
  }
  let top = largestLane(most);
  let low = smallestLane(smallest);
  let high = largestLane(largest);
  for (; i < n; i++, b += 4, d += 4) {
    top = max(top, load<f32>(b));
    low = min(low, load<f32>(d));
    high = max(high, load<f32>(d));
  }
  store<f64>(out, top);
  store<f64>(out, low, 8);
  store<f64>(out, high, 16);
}

/** w = e^(b - most); out = sum of w, sum of w (e^(d - pivot) - 1); f64. Pads w. */
export function shiftSums(b: usize, d: usize, w: usize, most: f32, pivot: f32, n: i32, out: usize): void {
  const anchor = f32x4.splat(most);
  const origin = f32x4.splat(pivot);
  let low = f64x2.splat(0), high = low, shiftLow = low, shiftHigh = low;
  for (let start = 0; start < n; start += BLOCK) {
    const end = min(start + BLOCK, n);
    let sum = f32x4.splat(0);
    let shift = sum;
    let i = start;
    // Two at a time, which do not wait for each other.
    for (; i + 8 <= end; i += 8, b += 32, d += 32, w += 32) {
      const weight0 = exp4(f32x4.sub(v128.load(b), anchor));
      const weight1 = exp4(f32x4.sub(v128.load(b, 16), anchor));
      const change0 = expm14(f32x4.sub(v128.load(d), origin));
      const change1 = expm14(f32x4.sub(v128.load(d, 16), origin));
      v128.store(w, weight0);
      v128.store(w, weight1, 16);
      sum = f32x4.add(f32x4.add(sum, weight0), weight1);
      shift = f32x4.add(f32x4.add(shift, f32x4.mul(weight0, change0)), f32x4.mul(weight1, change1));
    }
    for (; i + 4 <= end; i += 4, b += 16, d += 16, w += 16) {
      const weight = exp4(f32x4.sub(v128.load(b), anchor));
      v128.store(w, weight);
      sum = f32x4.add(sum, weight);
      shift = f32x4.add(shift, f32x4.mul(weight, expm14(f32x4.sub(v128.load(d), origin))));
    }
    if (i < end) {
      const weight = exp4(f32x4.sub(v128.load(b), anchor));
      v128.store(w, weight);
      sum = f32x4.add(sum, first(weight, end - i));
      const moved = f32x4.mul(weight, expm14(f32x4.sub(v128.load(d), origin)));
      shift = f32x4.add(shift, first(moved, end - i));
    }
    low = addLow(low, sum);
    high = addHigh(high, sum);
    shiftLow = addLow(shiftLow, shift);
    shiftHigh = addHigh(shiftHigh, shift);
  }
  store<f64>(out, laneSum(low, high));
  store<f64>(out, laneSum(shiftLow, shiftHigh), 8);
}

// @ts-ignore: decorator
@inline
function term4(w: usize, d: usize, origin: v128, share: v128, shift: v128): v128 {
  const t = f32x4.sub(f32x4.sub(v128.load(d), origin), shift);
  const c = f32x4.mul(v128.load(w), share);
  const difference = f32x4.mul(c, expm14(t));
  const s = f32x4.div(difference, f32x4.add(c, f32x4.splat(1e-8)));
  return f32x4.mul(difference, f32x4.mul(s, excess4(s)));
}

/**
 * Sum of q ((1 + s) log(1 + s) - s) with c = w * share, q = c + 1e-8 and s = c (e^(d - pivot - shift) - 1) / q: the
 * part of n elements in the divergence sum p log(p / q), p = c e^(...) + 1e-8.
 */
export function divergence(w: usize, d: usize, pivot: f32, share: f32, shift: f32, n: i32): f64 {
  const origin = f32x4.splat(pivot);
  const shares = f32x4.splat(share);
  const shifts = f32x4.splat(shift);
  let low = f64x2.splat(0);
  let high = low;
  for (let start = 0; start < n; start += BLOCK) {
    const end = min(start + BLOCK, n);
    let sum = f32x4.splat(0);
    let i = start;
    for (; i + 8 <= end; i += 8, d += 32, w += 32) {
      const term0 = term4(w, d, origin, shares, shifts);
      const term1 = term4(w + 16, d + 16, origin, shares, shifts);
      sum = f32x4.add(f32x4.add(sum, term0), term1);
    }
    for (; i + 4 <= end; i += 4, d += 16, w += 16) sum = f32x4.add(sum, term4(w, d, origin, shares, shifts));
    if (i < end) sum = f32x4.add(sum, first(term4(w, d, origin, shares, shifts), end - i));
    low = addLow(low, sum);
    high = addHigh(high, sum);
  }
  return laneSum(low, high);
}

/** out = factor * |d|; up to three elements past n are overwritten. */
export function scaleMagnitudes(d: usize, out: usize, factor: f32, n: i32): void {
  const by = f32x4.splat(factor);
  for (let i = 0; i < n; i += 4, d += 16, out += 16) v128.store(out, f32x4.mul(by, f32x4.abs(v128.load(d))));
}

/** out = x where key (f32, whatever T is) is at least `least`, b elsewhere; pads to whole v128. */
// @ts-ignore: decorator
@inline
function takeFrom<T>(key: usize, x: usize, b: usize, out: usize, least: f32, n: i32): void {
  const limit = f32x4.splat(least);
  if (sizeof<T>() == 4) {
    for (let i = 0; i < n; i += 4, key += 16, x += 16, b += 16, out += 16)
      v128.store(out, v128.bitselect(v128.load(x), v128.load(b), f32x4.ge(v128.load(key), limit)));
  } else {
    for (let i = 0; i < n; i++, key += 4, x += 8, b += 8, out += 8)
      store<T>(out, load<f32>(key) >= least ? load<T>(x) : load<T>(b));
  }
}

export function takeFromF32(key: usize, x: usize, b: usize, out: usize, least: f32, n: i32): void {
  takeFrom<f32>(key, x, b, out, least, n);
}
export function takeFromF64(key: usize, x: usize, b: usize, out: usize, least: f32, n: i32): void {
  takeFrom<f64>(key, x, b, out, least, n);
}
