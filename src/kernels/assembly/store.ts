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

/** The upper 16 bits after rounding, in 32-bit lanes. A NaN keeps its upper bits and is made quiet. */
// @ts-ignore: decorator
@inline
function bf16x4(v: v128): v128 {
  const odd = v128.and(i32x4.shr_u(v, 16), i32x4.splat(1));
  const rounded = i32x4.add(v, i32x4.add(odd, i32x4.splat(0x7fff)));
  const isNaN = f32x4.ne(v, v);
  const quiet = v128.or(v, i32x4.splat(0x400000));
  return i32x4.shr_u(v128.bitselect(quiet, rounded, isNaN), 16);
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
  return v128.or(v128.bitselect(special, finite, overflow), i32x4.shr_u(sign, 16));
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

export function encodeHalf<D>(src: usize, dst: usize, n: i32): i32 {
  let bad = 0;
  let i = 0;
  let any = i32x4.splat(0);
  for (; i + 8 <= n; i += 8) {
    const low = half4<D>(v128.load(src));
    const high = half4<D>(v128.load(src, 16));
    const mask = v128.or(nonFiniteHalf4<D>(low), nonFiniteHalf4<D>(high));
    any = v128.or(any, mask);
    v128.store(dst, i16x8.narrow_i32x4_u(low, high));
    src += 32;
    dst += 16;
  }
  for (; i < n; i++) {
    const h = half4<D>(v128.load32_splat(src));
    if (v128.any_true(nonFiniteHalf4<D>(h))) bad++;
    store<u16>(dst, <u16>i32x4.extract_lane(h, 0));
    src += 4;
    dst += 2;
  }
  // The common case is none: count only when there are some.
  if (v128.any_true(any)) bad += countNonFinite<D>(dst - (<usize>n << 1), n & ~7);
  return bad;
}

/** Non-finite elements among n of dtype D (f32 = F32, u16 = BF16, i16 = F16). */
export function countNonFinite<D>(ptr: usize, n: i32): i32 {
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
  let any = i32x4.splat(0);
  let ptr = src;
  for (let i = 0; i + 4 <= n; i += 4) {
    any = v128.or(any, nonFinite4(v128.load(ptr)));
    ptr += 16;
  }
  const tail = n & 3;
  const bad = countNonFinite<f32>(ptr, tail);
  return v128.any_true(any) ? bad + countNonFinite<f32>(src, n - tail) : bad;
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
