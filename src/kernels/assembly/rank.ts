// Ranking by magnitude, on f32 vectors in scratch memory. The key of a value is its bits without the sign: 31 bits that
// order magnitudes. The upper 16 bits choose the bin of a first histogram; a second one counts each key within a window.
import { mix } from "./mix";

const MAGNITUDE: u32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function keys(ptr: usize): v128 {
  return v128.and(v128.load(ptr), i32x4.splat(MAGNITUDE));
}

// @ts-ignore: decorator
@inline
export function laneSum(counts: v128): i32 {
  return (
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3)
  );
}

/**
 * bins[key >>> 15] += 1. Elements alternate between two tables of 65,536 u32 bins, one after the other: equal
 * neighbours need not wait for each other's count.
 */
export function histogram(d: usize, bins: usize, n: i32): void {
  const other = bins + 65_536 * 4;
  let i = 0;
  for (; i + 2 <= n; i += 2, d += 8) {
    const even = bins + (<usize>((load<u32>(d) & MAGNITUDE) >>> 15) << 2);
    const odd = other + (<usize>((load<u32>(d, 4) & MAGNITUDE) >>> 15) << 2);
    store<u32>(even, load<u32>(even) + 1);
    store<u32>(odd, load<u32>(odd) + 1);
  }
  if (i < n) {
    const bin = bins + (<usize>((load<u32>(d) & MAGNITUDE) >>> 15) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
}

/** counts[key - low] += 1 for the keys of d that are among the lanes of `hits`. */
// @ts-ignore: decorator
@inline
function countHits(key: v128, hits: v128, counts: usize, low: i32): void {
  let left = i32x4.bitmask(hits);
  if (left == 0) return;
  const offsets = i32x4.shl(i32x4.sub(key, i32x4.splat(low)), 2);
  if (left & 1) increment(counts + <usize>i32x4.extract_lane(offsets, 0));
  if (left & 2) increment(counts + <usize>i32x4.extract_lane(offsets, 1));
  if (left & 4) increment(counts + <usize>i32x4.extract_lane(offsets, 2));
  if (left & 8) increment(counts + <usize>i32x4.extract_lane(offsets, 3));
}

// @ts-ignore: decorator
@inline
function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

/**
 * counts[key - low] += 1 for the keys from `low` to below `high`, u32 counts; returns how many keys are at or above
 * `high`.
 */
export function histogramWindow(d: usize, counts: usize, low: i32, high: i32, n: i32): i32 {
  const lowest = i32x4.splat(low);
  const above = i32x4.splat(high - 1);
  let seen = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4, d += 16) {
    const key = keys(d);
    const beyond = i32x4.gt_s(key, above);
    seen = i32x4.sub(seen, beyond);
    countHits(key, v128.andnot(i32x4.ge_s(key, lowest), beyond), counts, low);
  }
  let count = laneSum(seen);
  for (; i < n; i++, d += 4) {
    const key = load<i32>(d) & MAGNITUDE;
    if (key >= high) count++;
    else if (key >= low) increment(counts + (<usize>(key - low) << 2));
  }
  return count;
}

/** Writes index and value of the u32 values that are not 0, as pairs of u32; returns how many. */
export function occurring(table: usize, n: i32, out: usize): i32 {
  let found = 0;
  for (let i = 0; i < n; i += 8, table += 32) {
    if (!v128.any_true(v128.or(v128.load(table), v128.load(table, 16)))) continue;
    for (let k = 0; k < 8 && i + k < n; k++) {
      const count = load<u32>(table + (<usize>k << 2));
      if (count == 0) continue;
      store<u32>(out, i + k);
      store<u32>(out, count, 4);
      out += 8;
      found++;
    }
  }
  return found;
}

/**
 * Sum of the magnitudes whose key is at least `key`: lane l of four adds elements l, l + 4, ... in f64, then the lanes
 * are added in order, then the last n % 4 elements.
 */
export function sumMagnitudes(d: usize, key: u32, n: i32): f64 {
  const least = i32x4.splat(key);
  let low = f64x2.splat(0);
  let high = low;
  let i = 0;
  for (; i + 4 <= n; i += 4, d += 16) {
    const magnitude = keys(d);
    const kept = v128.and(magnitude, i32x4.ge_s(magnitude, least));
    low = f64x2.add(low, f64x2.promote_low_f32x4(kept));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<u64>(kept, kept, 1, 1)));
  }
  let total = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  total = total + f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1);
  for (; i < n; i++, d += 4) {
    const bits = load<u32>(d) & MAGNITUDE;
    if (bits >= key) total += <f64>reinterpret<f32>(bits);
  }
  return total;
}

export function countEqual(d: usize, key: u32, n: i32): i32 {
  const wanted = i32x4.splat(key);
  let count = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4, d += 16) count += i32.popcnt(i32x4.bitmask(i32x4.eq(keys(d), wanted)));
  for (; i < n; i++, d += 4) if ((load<u32>(d) & MAGNITUDE) == key) count++;
  return count;
}

/** d = 0 where the key is below `key`. */
export function clearBelowKey(d: usize, key: u32, n: i32): void {
  const least = i32x4.splat(key);
  for (let i = 0; i < n; i += 4, d += 16) v128.store(d, v128.and(v128.load(d), i32x4.ge_s(keys(d), least)));
}

/** d = 0 where the key is above `key`. */
export function clearAboveKey(d: usize, key: u32, n: i32): void {
  const most = i32x4.splat(key);
  for (let i = 0; i < n; i += 4, d += 16) v128.store(d, v128.and(v128.load(d), i32x4.le_s(keys(d), most)));
}

/** d = 0 where the key equals `key`, save for the first `keep` of them. */
export function clearEqualAfter(d: usize, key: u32, keep: i32, n: i32): void {
  for (let i = 0; i < n; i++, d += 4) {
    if ((load<u32>(d) & MAGNITUDE) != key) continue;
    if (keep > 0) keep--;
    else store<f32>(d, 0);
  }
}

/**
 * d = 0 where a 32-bit number drawn for the element is at or above `threshold`. The draw is a function of the two keys
 * and of the element's index alone: mix(index * (key0 | 1) + key1).
 */
export function clearRandom(d: usize, index: u32, key0: u32, key1: u32, threshold: u32, n: i32): void {
  let low = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  let high = i32x4.add(low, i32x4.splat(4));
  const first = i32x4.splat(key0 | 1);
  const second = i32x4.splat(key1);
  const limit = i32x4.splat(threshold);
  const eight = i32x4.splat(8);
  // Two at a time, which do not wait for each other; scratch is padded.
  for (let i = 0; i < n; i += 8, d += 32) {
    const a = mix(i32x4.add(i32x4.mul(low, first), second));
    const b = mix(i32x4.add(i32x4.mul(high, first), second));
    v128.store(d, v128.and(v128.load(d), i32x4.lt_u(a, limit)));
    v128.store(d, v128.and(v128.load(d, 16), i32x4.lt_u(b, limit)), 16);
    low = i32x4.add(low, eight);
    high = i32x4.add(high, eight);
  }
}
