// Ranking by magnitude, on f32 vectors in scratch memory. The key of a value is its bits without the sign: 31 bits that
// order magnitudes. Upper 16 bits of the key choose the bin of a first histogram, lower 15 that of a second one.

const MAGNITUDE: u32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function keys(ptr: usize): v128 {
  return v128.and(v128.load(ptr), i32x4.splat(MAGNITUDE));
}

/** bins[key >>> 15] += 1; 65,536 u32 bins. */
export function histogram(d: usize, bins: usize, n: i32): void {
  for (let i = 0; i < n; i++, d += 4) {
    const bin = bins + (<usize>((load<u32>(d) & MAGNITUDE) >>> 15) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
}

/** bins[key & 0x7fff] += 1 for the keys whose upper bits are `bin`; 32,768 u32 bins. */
export function histogramWithin(d: usize, bins: usize, bin: i32, n: i32): void {
  const wanted = i32x4.splat(bin);
  let i = 0;
  for (; i + 4 <= n; i += 4, d += 16) {
    if (!v128.any_true(i32x4.eq(i32x4.shr_u(keys(d), 15), wanted))) continue;
    for (let k: usize = 0; k < 16; k += 4) addWithin(d + k, bins, bin);
  }
  for (; i < n; i++, d += 4) addWithin(d, bins, bin);
}

// @ts-ignore: decorator
@inline
function addWithin(d: usize, bins: usize, bin: i32): void {
  const key = load<u32>(d) & MAGNITUDE;
  if (key >>> 15 != <u32>bin) return;
  const at = bins + (<usize>(key & 0x7fff) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** Sum of the magnitudes whose key is at least `key`; in f64, one after the other. */
export function sumMagnitudes(d: usize, key: u32, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++, d += 4) {
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

// A bijection of 32-bit integers in which every bit depends on every bit (multipliers: C. Wellons' triple32).
// @ts-ignore: decorator
@inline
function mix(x: v128): v128 {
  x = v128.xor(x, i32x4.shr_u(x, 17));
  x = i32x4.mul(x, i32x4.splat(0xed5ad4bb));
  x = v128.xor(x, i32x4.shr_u(x, 11));
  x = i32x4.mul(x, i32x4.splat(0xac4c1b51));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(x, i32x4.splat(0x31848bab));
  return v128.xor(x, i32x4.shr_u(x, 14));
}

/**
 * d = 0 where a 32-bit number drawn for the element is at or above `threshold`. The draw is a function of the two keys
 * and of the element's index alone: mix(mix(index ^ key0) + key1).
 */
export function clearRandom(d: usize, index: u32, key0: u32, key1: u32, threshold: u32, n: i32): void {
  let at = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  const first = i32x4.splat(key0);
  const second = i32x4.splat(key1);
  const limit = i32x4.splat(threshold);
  const four = i32x4.splat(4);
  for (let i = 0; i < n; i += 4, d += 16) {
    const draw = mix(i32x4.add(mix(v128.xor(at, first)), second));
    v128.store(d, v128.and(v128.load(d), i32x4.lt_u(draw, limit)));
    at = i32x4.add(at, four);
  }
}
