// What decides which entries are dropped by their rank in their row (drawn.ts drops them), on f32 vectors in scratch
// memory. A magnitude's bin is how many 64ths of an octave it lies below the largest of its row; the last bin takes all
// that is smaller, and zeros. Entries of one bin share the mean of their ranks. Only the n elements of a vector are
// touched, since the next row begins behind them.

const BINS: i32 = 1_024;
const TABLE_BYTES: usize = 4_096;
const MAGNITUDE: i32 = 0x7fffffff;
/** Of the 23 bits of the mantissa, 6 choose the bin. */
const BIN_SHIFT: i32 = 17;
/** Up to here comparing every two entries is faster than going through all bins. */
const SHORT_ROW: i32 = 32;

/** The largest magnitude as the bits of an f32. */
export function largestKey(d: usize, n: i32): i32 {
  const bits = i32x4.splat(MAGNITUDE);
  let even = i32x4.splat(0);
  let odd = even;
  let i = 0;
  for (; i + 8 <= n; i += 8, d += 32) {
    even = i32x4.max_s(even, v128.and(v128.load(d), bits));
    odd = i32x4.max_s(odd, v128.and(v128.load(d, 16), bits));
  }
  const most = i32x4.max_s(even, odd);
  let key = max(
    max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)),
    max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)),
  );
  for (; i < n; i++, d += 4) key = max(key, load<i32>(d) & MAGNITUDE);
  return key;
}

/** places = addresses of the bins' entries in a table. */
// @ts-ignore: decorator
@inline
function place(d: usize, places: usize, table: usize, top: i32, n: i32): void {
  const bits = i32x4.splat(MAGNITUDE);
  const first = i32x4.splat(top >> BIN_SHIFT);
  const last = i32x4.splat(BINS - 1);
  const start = i32x4.splat(<i32>table);
  let i = 0;
  for (; i + 4 <= n; i += 4, d += 16, places += 16) {
    const below = i32x4.sub(first, i32x4.shr_u(v128.and(v128.load(d), bits), BIN_SHIFT));
    v128.store(places, i32x4.add(start, i32x4.shl(i32x4.min_s(below, last), 2)));
  }
  for (; i < n; i++, d += 4, places += 4)
    store<usize>(places, table + (<usize>min((top >> BIN_SHIFT) - ((load<i32>(d) & MAGNITUDE) >> BIN_SHIFT), BINS - 1) << 2));
}

/** Counts elements by bin: alternately in two tables, one after the other, so that equal neighbours need not wait. */
export function countByBin(d: usize, places: usize, bins: usize, top: i32, n: i32): void {
  place(d, places, bins, top, n);
  let i = 0;
  for (; i + 4 <= n; i += 4, places += 16) {
    const a = load<usize>(places), b = load<usize>(places, 4);
    store<i32>(a, load<i32>(a) + 1);
    store<i32>(b, load<i32>(b, TABLE_BYTES) + 1, TABLE_BYTES);
    const c = load<usize>(places, 8), e = load<usize>(places, 12);
    store<i32>(c, load<i32>(c) + 1);
    store<i32>(e, load<i32>(e, TABLE_BYTES) + 1, TABLE_BYTES);
  }
  for (; i < n; i++, places += 4) {
    const a = load<usize>(places);
    store<i32>(a, load<i32>(a) + 1);
  }
}

/** low + slope * twice the mean rank of `count` entries with `below` smaller ones, rounded towards 0 and to 32 bits. */
// @ts-ignore: decorator
@inline
function limitOf(below: v128, count: v128, low: f32, slope: f32): v128 {
  const smaller = f32x4.convert_i32x4_s(below);
  const others = f32x4.convert_i32x4_s(i32x4.sub(count, i32x4.splat(1)));
  const rank = f32x4.add(f32x4.add(smaller, smaller), others);
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.splat(low), f32x4.mul(f32x4.splat(slope), rank)));
}

/** The limit of each bin of a row of `row` entries; clears the counts. Empty bins below all others get none. */
export function limitsOfBins(bins: usize, limits: usize, row: i32, low: f32, slope: f32): void {
  const none = i32x4.splat(0);
  const all = i32x4.splat(row);
  // The last bin often has the zeros, and those before it nothing.
  const last = bins + (BINS - 1) * 4;
  const lowest = load<i32>(last) + load<i32>(last, TABLE_BYTES);
  const lastLimit = limits + (BINS - 1) * 4;
  let above = none;
  for (let end = bins + TABLE_BYTES; bins < end; bins += 16, limits += 16) {
    const count = i32x4.add(v128.load(bins), v128.load(bins, TABLE_BYTES));
    v128.store(bins, none);
    v128.store(bins, none, TABLE_BYTES);
    const two = i32x4.add(count, v128.shuffle<i32>(none, count, 0, 4, 5, 6));
    const upTo = i32x4.add(above, i32x4.add(two, v128.shuffle<i32>(none, two, 0, 1, 4, 5)));
    v128.store(limits, limitOf(i32x4.sub(all, upTo), count, low, slope));
    if (i32x4.extract_lane(upTo, 3) >= row - lowest) break;
    above = v128.shuffle<i32>(upTo, upTo, 3, 3, 3, 3);
  }
  store<i32>(last, 0);
  store<i32>(last, 0, TABLE_BYTES);
  const limit = limitOf(none, i32x4.splat(lowest), low, slope);
  store<i32>(lastLimit, i32x4.extract_lane(limit, 0));
}

/** Replaces places by what stands there; put together in registers, since vectors cannot be loaded from fresh pieces. */
// @ts-ignore: decorator
@inline
function lookUp(places: usize, offset: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, places += 16) {
    const two = load<u64>(places);
    const more = load<u64>(places, 8);
    let found = v128.load32_zero(<usize>two + offset);
    found = v128.load_lane<u32>(<usize>(two >> 32) + offset, found, 1);
    found = v128.load_lane<u32>(<usize>more + offset, found, 2);
    v128.store(places, v128.load_lane<u32>(<usize>(more >> 32) + offset, found, 3));
  }
  for (; i < n; i++, places += 4) store<i32>(places, load<i32>(load<usize>(places) + offset));
}

/** Limits of a short row from comparing bins; `places` become limits. */
// @ts-ignore: decorator
@inline
function compareAll(places: usize, limits: usize, n: i32, low: f32, slope: f32): void {
  const end = <usize>n << 2;
  for (let i: usize = 0; i < end; i += 4) {
    const own = load<i32>(places + i);
    let below = 0;
    let count = 0;
    for (let k: usize = 0; k < end; k += 4) {
      const other = load<i32>(places + k);
      below += <i32>(other > own);
      count += <i32>(other == own);
    }
    const limit = limitOf(i32x4.splat(below), i32x4.splat(count), low, slope);
    store<i32>(limits + i, i32x4.extract_lane(limit, 0));
  }
  memory.copy(places, limits, end);
}

/** The limit of each entry of a piece of a row, whose largest magnitude is `top`, into `places`: that of its bin. */
export function limitsByBin(d: usize, places: usize, limits: usize, top: i32, n: i32): void {
  place(d, places, limits, top, n);
  lookUp(places, 0, n);
}

/** The same for whole rows of `row` entries; `bins`: two cleared tables, and one for limits behind them. */
export function limitsByRank(d: usize, places: usize, bins: usize, row: i32, low: f32, slope: f32, n: i32): void {
  const limits = bins + 2 * TABLE_BYTES;
  const step = <usize>row << 2;
  let at = places;
  for (let x = d, end = d + (<usize>n << 2); x < end; x += step, at += step) {
    const top = largestKey(x, row);
    if (row <= SHORT_ROW) {
      place(x, at, bins, top, row);
      compareAll(at, limits, row, low, slope);
    } else {
      countByBin(x, at, bins, top, row);
      limitsOfBins(bins, limits, row, low, slope);
      lookUp(at, 2 * TABLE_BYTES, row);
    }
  }
}
