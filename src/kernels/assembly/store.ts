// Encoding with one rounding, ties to even. Every kernel returns how many results are not finite.
import { load4 } from "./load";

const EXPONENT: i32 = 0x7f800000;

// @ts-ignore: decorator
@inline
function nonFinite4(v: v128): v128 {
  return i32x4.eq(v128.and(v, i32x4.splat(EXPONENT)), i32x4.splat(EXPONENT));
}

// @ts-ignore: decorator
@inline
function lanesSet(mask: v128): i32 {
  return i32.popcnt(i32x4.bitmask(mask));
}

/** The upper 16 bits after rounding, in 32-bit lanes; one bit pattern for every NaN, since processors differ in it. */
// @ts-ignore: decorator
@inline
function bf16x4(v: v128): v128 {
  const isNaN = f32x4.ne(v, v);
  return v128.bitselect(i32x4.splat(0x7fc0), i32x4.shr_u(roundUpper(v), 16), isNaN);
}

// @ts-ignore: decorator
@inline
function f16x4(v: v128): v128 {
  const sign = v128.and(v, i32x4.splat(0x80000000));
  const magnitude = v128.xor(v, sign);
  // Normal results: rebias, then round on the 13 bits that go.
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const rebased = i32x4.add(magnitude, i32x4.splat(-((127 - 15) << 23) + 0xfff));
  const normal = i32x4.shr_u(i32x4.add(rebased, odd), 13);
  // Subnormal results: adding 2^-1 makes the F32 adder round at 2^-24, the step of F16's subnormals.
  const half = i32x4.splat(126 << 23);
  const subnormal = i32x4.sub(f32x4.add(magnitude, half), half);
  const isSubnormal = i32x4.lt_s(magnitude, i32x4.splat(113 << 23));
  const finite = v128.bitselect(subnormal, normal, isSubnormal);
  const overflow = i32x4.ge_s(magnitude, i32x4.splat((127 + 16) << 23));
  const isNaN = f32x4.ne(v, v);
  const special = v128.bitselect(i32x4.splat(0x7e00), i32x4.splat(0x7c00), isNaN);
  const unsigned = v128.bitselect(special, finite, overflow);
  return v128.or(unsigned, v128.andnot(i32x4.shr_u(sign, 16), isNaN));
}

// @ts-ignore: decorator
@inline
function half4<D>(v: v128): v128 {
  if (isSigned<D>()) return f16x4(v);
  return bf16x4(v);
}

/** Lanes of an encoded half (in 32 bits) whose exponent is all ones. */
// @ts-ignore: decorator
@inline
function nonFiniteHalf4<D>(h: v128): v128 {
  const exponent = i32x4.splat(isSigned<D>() ? 0x7c00 : 0x7f80);
  return i32x4.eq(v128.and(h, exponent), exponent);
}

/** The smallest magnitude (as bits) that rounds to infinity in F16 and BF16, or is not finite in F32. */
// @ts-ignore: decorator
@inline
function overflowBits<D>(): i32 {
  if (isFloat<D>()) return EXPONENT;
  // Half-way between the largest value and what would follow it, which is even.
  return isSigned<D>() ? 0x477ff000 : 0x7f7f8000;
}

/** |v|; as integers, magnitudes and what is not finite above them are in order. */
// @ts-ignore: decorator
@inline
export function magnitude(v: v128): v128 {
  return v128.and(v, i32x4.splat(0x7fffffff));
}

/** Lanes that will not be finite as dtype D. */
// @ts-ignore: decorator
@inline
export function suspect<D>(v: v128): v128 {
  // Processors have "greater" but no "greater or equal" for integers.
  return i32x4.gt_s(magnitude(v), i32x4.splat(overflowBits<D>() - 1));
}

/** Eight finite values, rounded. */
// @ts-ignore: decorator
@inline
export function roundHalf8<D>(low: v128, high: v128): v128 {
  if (isSigned<D>()) return i16x8.narrow_i32x4_u(f16x4(low), f16x4(high));
  return upperHalves(roundUpper(low), roundUpper(high));
}

/**
 * Stores eight results, rounded; returns lanes that are set where one is not finite. NaN of inputs of dtype D have no
 * lower bits that rounding could carry into the sign.
 */
// @ts-ignore: decorator
@inline
export function store8<D>(out: usize, low: v128, high: v128): v128 {
  if (isFloat<D>()) {
    v128.store(out, low);
    v128.store(out, high, 16);
    return v128.or(suspect<D>(low), suspect<D>(high));
  }
  const rounded = roundHalf8<D>(low, high);
  v128.store(out, rounded);
  if (isSigned<D>()) return v128.or(suspect<D>(low), suspect<D>(high));
  return i16x8.eq(v128.and(rounded, i16x8.splat(0x7f80)), i16x8.splat(0x7f80));
}

/** Adds half of the lower 16 bits' range, ties to even, so that the upper 16 bits are the rounded BF16. */
// @ts-ignore: decorator
@inline
function roundUpper(v: v128): v128 {
  const odd = v128.and(i32x4.shr_u(v, 16), i32x4.splat(1));
  return i32x4.add(v, i32x4.add(odd, i32x4.splat(0x7fff)));
}

// @ts-ignore: decorator
@inline
function upperHalves(low: v128, high: v128): v128 {
  return v128.shuffle<u16>(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

export function encodeHalf<D>(src: usize, dst: usize, n: i32): i32 {
  const whole = n & ~7;
  let any = i32x4.splat(0);
  for (let i = 0; i < whole; i += 8) {
    const low = v128.load(src);
    const high = v128.load(src, 16);
    any = v128.or(any, v128.or(suspect<D>(low), suspect<D>(high)));
    v128.store(dst, roundHalf8<D>(low, high));
    src += 32;
    dst += 16;
  }
  if (!v128.any_true(any)) return encodeHalfCarefully<D>(src, dst, n - whole);
  return encodeHalfCarefully<D>(src - (<usize>whole << 2), dst - (<usize>whole << 1), n);
}

/** One by one, NaN included. */
function encodeHalfCarefully<D>(src: usize, dst: usize, n: i32): i32 {
  let bad = 0;
  for (let i = 0; i < n; i++) {
    const h = half4<D>(v128.load32_splat(src));
    if (v128.any_true(nonFiniteHalf4<D>(h))) bad++;
    store<u16>(dst, <u16>i32x4.extract_lane(h, 0));
    src += 4;
    dst += 2;
  }
  return bad;
}

/** Eight at a time: the usual answer is no. */
// @ts-ignore: decorator
@inline
function anyNonFiniteHalf<D>(ptr: usize, n: i32): bool {
  const exponent: u16 = isSigned<D>() ? 0x7c00 : 0x7f80;
  const mask = i16x8.splat(exponent);
  let any = i32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8, ptr += 16) any = v128.or(any, i16x8.eq(v128.and(v128.load(ptr), mask), mask));
  for (; i < n; i++, ptr += 2) if ((load<u16>(ptr) & exponent) == exponent) return true;
  return v128.any_true(any);
}

/** Non-finite elements among n of dtype D (f32 = F32, u16 = BF16, i16 = F16). */
export function countNonFinite<D>(ptr: usize, n: i32): i32 {
  if (sizeof<D>() == 2 && !anyNonFiniteHalf<D>(ptr, n)) return 0;
  let count = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    count += lanesSet(nonFinite4(load4<D>(ptr)));
    ptr += sizeof<D>() << 2;
  }
  for (; i < n; i++) {
    let bits: i32;
    if (isFloat<D>()) bits = load<i32>(ptr);
    else if (isSigned<D>()) bits = (load<u16>(ptr) & 0x7c00) == 0x7c00 ? EXPONENT : 0;
    else bits = (<i32>load<u16>(ptr)) << 16;
    if ((bits & EXPONENT) == EXPONENT) count++;
    ptr += sizeof<D>();
  }
  return count;
}

export function countNonFiniteF64(ptr: usize, n: i32): i32 {
  let count = 0;
  for (let i = 0; i < n; i++) {
    if ((load<u64>(ptr) & 0x7ff0000000000000) == 0x7ff0000000000000) count++;
    ptr += 8;
  }
  return count;
}

/** Copies f32 (in place when src == dst); returns the number of non-finite values. */
export function encodeF32(src: usize, dst: usize, n: i32): i32 {
  if (src != dst) memory.copy(dst, src, <usize>n << 2);
  const whole = n & ~3;
  let any = i32x4.splat(0);
  let ptr = dst;
  for (let i = 0; i < whole; i += 4) {
    any = v128.or(any, suspect<f32>(v128.load(ptr)));
    ptr += 16;
  }
  if (!v128.any_true(any)) return settleF32(ptr, n - whole);
  return settleF32(dst, n);
}

/** Counts what is not finite, and gives every NaN the same bits. */
function settleF32(ptr: usize, n: i32): i32 {
  let bad = 0;
  for (let i = 0; i < n; i++) {
    const value = load<f32>(ptr);
    if (value - value != 0) bad++;
    if (value != value) store<u32>(ptr, 0x7fc00000);
    ptr += 4;
  }
  return bad;
}

/** f64 to f32, ties to even; may work in place (dst <= src). */
export function demote(src: usize, dst: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<f32>(dst, <f32>load<f64>(src));
    src += 8;
    dst += 4;
  }
}

/**
 * f64 to f32 rounded to odd: towards zero, with the last bit set when inexact. A second rounding to 16 bits then gives
 * what a single rounding of the f64 would (Boldo and Melquiond, 2008).
 */
export function demoteToOdd(src: usize, dst: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const x = load<f64>(src);
    const nearest = <f32>x;
    let bits = reinterpret<u32>(nearest);
    const back = <f64>nearest;
    if (back != x && x == x) {
      if (Math.abs(back) > Math.abs(x)) bits--;
      bits |= 1;
    }
    store<u32>(dst, bits);
    src += 8;
    dst += 4;
  }
}
