// The divergence of a row's softmax from that of another row that hardly differs, on f32 vectors in scratch memory: b
// the base, d what is added to it. Sums are in f64: of four lanes, lane l has elements l, l + 4, ...; then the lanes are
// added in order. All that is summed is small where d is: nothing cancels.

const LOG2_E: f32 = 1.44269504;
// ln 2 in two parts, the first with few bits: its multiples are exact.
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** e^x below is less than the smallest normal number. */
const LEAST_EXPONENT: f32 = -87;

/** All bits set in the first `left` lanes. */
// @ts-ignore: decorator
@inline
function firstLanes(left: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(left));
}

// @ts-ignore: decorator
@inline
function low2(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function high2(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u64>(v, v, 1, 1));
}

// @ts-ignore: decorator
@inline
function laneSum(low: v128, high: v128): f64 {
  const total = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  return total + f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1);
}

// @ts-ignore: decorator
@inline
function madd(a: v128, x: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(a, x), f32x4.splat(c));
}

/** e^x for x from -87 to 0, the power at -87 below: Taylor to the 6th degree after taking out powers of 2. */
// @ts-ignore: decorator
@inline
function exp4(x: v128): v128 {
  const clamped = f32x4.max(x, f32x4.splat(LEAST_EXPONENT));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(LOG2_E)));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let sum = madd(f32x4.splat(0.00138888889), r, 0.00833333333);
  sum = madd(sum, r, 0.0416666667);
  sum = madd(sum, r, 0.166666667);
  sum = madd(sum, r, 0.5);
  sum = madd(sum, r, 1);
  sum = madd(sum, r, 1);
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(sum, power);
}

/** e^x - 1 for |x| up to 1/4, by its Taylor series. */
// @ts-ignore: decorator
@inline
function expm14(x: v128): v128 {
  let sum = madd(f32x4.splat(0.00138888889), x, 0.00833333333);
  sum = madd(sum, x, 0.0416666667);
  sum = madd(sum, x, 0.166666667);
  sum = madd(sum, x, 0.5);
  sum = madd(sum, x, 1);
  return f32x4.mul(sum, x);
}

/** ((1 + s) log(1 + s) - s) / s^2 for s from e^-1/4 - 1 to e^1/4 - 1: a polynomial fitted to 3e-8. */
// @ts-ignore: decorator
@inline
function excess4(s: v128): v128 {
  let sum = madd(f32x4.splat(0.0161309018), s, -0.0250927062);
  sum = madd(sum, s, 0.0335122064);
  sum = madd(sum, s, -0.0499658037);
  sum = madd(sum, s, 0.0833297388);
  sum = madd(sum, s, -0.166666906);
  return madd(sum, s, 0.50000001);
}

/** out = largest b, smallest d, largest d, sum of d; f64. */
export function rangesOf(b: usize, d: usize, n: i32, out: usize): void {
  let most = f32x4.splat(-Infinity);
  let smallest = f32x4.splat(Infinity);
  let largest = most;
  let low = f64x2.splat(0);
  let high = low;
  for (let i = 0; i < n; i += 4, b += 16, d += 16) {
    const inside = firstLanes(n - i);
    const delta = v128.load(d);
    most = f32x4.max(most, v128.bitselect(v128.load(b), most, inside));
    smallest = f32x4.min(smallest, v128.bitselect(delta, smallest, inside));
    largest = f32x4.max(largest, v128.bitselect(delta, largest, inside));
    const counted = v128.and(delta, inside);
    low = f64x2.add(low, low2(counted));
    high = f64x2.add(high, high2(counted));
  }
  store<f64>(out, max(max(lane(most, 0), lane(most, 1)), max(lane(most, 2), lane(most, 3))));
  store<f64>(out, min(min(lane(smallest, 0), lane(smallest, 1)), min(lane(smallest, 2), lane(smallest, 3))), 8);
  store<f64>(out, max(max(lane(largest, 0), lane(largest, 1)), max(lane(largest, 2), lane(largest, 3))), 16);
  store<f64>(out, laneSum(low, high), 24);
}

// @ts-ignore: decorator
@inline
function lane(v: v128, i: i32): f32 {
  if (i == 0) return f32x4.extract_lane(v, 0);
  if (i == 1) return f32x4.extract_lane(v, 1);
  if (i == 2) return f32x4.extract_lane(v, 2);
  return f32x4.extract_lane(v, 3);
}

/** w = e^(b - most); out = sum of w, sum of w (e^(d - pivot) - 1); f64. */
export function shiftSums(b: usize, d: usize, w: usize, most: f32, pivot: f32, n: i32, out: usize): void {
  const anchor = f32x4.splat(most);
  const origin = f32x4.splat(pivot);
  const none = f64x2.splat(0);
  let low = none, high = none, shiftLow = none, shiftHigh = none;
  for (let i = 0; i < n; i += 4, b += 16, d += 16, w += 16) {
    const weight = v128.and(exp4(f32x4.sub(v128.load(b), anchor)), firstLanes(n - i));
    v128.store(w, weight);
    low = f64x2.add(low, low2(weight));
    high = f64x2.add(high, high2(weight));
    const growth = v128.and(expm14(f32x4.sub(v128.load(d), origin)), firstLanes(n - i));
    const shift = f32x4.mul(weight, growth);
    shiftLow = f64x2.add(shiftLow, low2(shift));
    shiftHigh = f64x2.add(shiftHigh, high2(shift));
  }
  store<f64>(out, laneSum(low, high));
  store<f64>(out, laneSum(shiftLow, shiftHigh), 8);
}

/**
 * Sum of q ((1 + s) log(1 + s) - s) with c = w * share, q = c + 1e-8 and s = c (e^(d - pivot - shift) - 1) / q: the
 * part of n elements in the divergence sum p log(p / q), p = c e^(...) + 1e-8. The shift is high + low.
 */
export function divergence(w: usize, d: usize, pivot: f32, share: f32, high: f32, low: f32, n: i32): f64 {
  const origin = f32x4.splat(pivot);
  let sumLow = f64x2.splat(0);
  let sumHigh = sumLow;
  for (let i = 0; i < n; i += 4, d += 16, w += 16) {
    const t = f32x4.sub(f32x4.sub(f32x4.sub(v128.load(d), origin), f32x4.splat(high)), f32x4.splat(low));
    const c = f32x4.mul(v128.load(w), f32x4.splat(share));
    const difference = f32x4.mul(c, expm14(t));
    const s = f32x4.div(difference, f32x4.add(c, f32x4.splat(1e-8)));
    const term = v128.and(f32x4.mul(difference, f32x4.mul(s, excess4(s))), firstLanes(n - i));
    sumLow = f64x2.add(sumLow, low2(term));
    sumHigh = f64x2.add(sumHigh, high2(term));
  }
  return laneSum(sumLow, sumHigh);
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
