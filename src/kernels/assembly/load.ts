// Decoding of four elements at a time, and picking among stored ones. The element type names the dtype: f32 = F32, u16 = BF16, i16 = F16.

// F16 has 10 mantissa bits at bias 15, F32 23 at bias 127.
const F16_REBIAS: i32 = (127 - 15) << 23;
const F16_INFINITY_AS_F32: i32 = 0x7c00 << 13;

// @ts-ignore: decorator
@inline
function f16x4(h: v128): v128 {
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const normal = i32x4.add(magnitude, i32x4.splat(F16_REBIAS));
  // Subnormals: give them the exponent of 2^-14 and take 2^-14 away again, which is exact and avoids F32 subnormals.
  const smallest = i32x4.splat(113 << 23);
  const subnormal = f32x4.sub(i32x4.add(magnitude, smallest), smallest);
  const isSubnormal = i32x4.lt_s(magnitude, i32x4.splat(1 << 23));
  const special = i32x4.ge_s(magnitude, i32x4.splat(F16_INFINITY_AS_F32));
  const finite = v128.bitselect(subnormal, normal, isSubnormal);
  return v128.or(v128.or(finite, v128.and(special, i32x4.splat(0x7f800000))), sign);
}

/** Four consecutive elements at `ptr` as f32x4. */
// @ts-ignore: decorator
@inline
export function load4<D>(ptr: usize): v128 {
  if (isFloat<D>()) return v128.load(ptr);
  const h = v128.load_ext<u16>(ptr);
  if (isSigned<D>()) return f16x4(h);
  return i32x4.shl(h, 16);
}

/** One element at `ptr` as f32. */
// @ts-ignore: decorator
@inline
export function load1<D>(ptr: usize): f32 {
  if (isFloat<D>()) return load<f32>(ptr);
  const h = i32x4.splat(load<u16>(ptr));
  if (isSigned<D>()) return f32x4.extract_lane(f16x4(h), 0);
  return f32x4.extract_lane(i32x4.shl(h, 16), 0);
}

/** Copies fewer than eight values and pads them with zeros to eight. */
// @ts-ignore: decorator
@inline
export function pad<D>(from: usize, to: usize, n: i32): usize {
  memory.fill(to, 0, 32);
  memory.copy(to, from, <usize>n * sizeof<D>());
  return to;
}

/** Eight stored values at `out`: those of x in the lanes that `low` and `high` mark, of y elsewhere. */
// @ts-ignore: decorator
@inline
export function pick8<D>(out: usize, x: usize, y: usize, low: v128, high: v128): void {
  if (isFloat<D>()) {
    v128.store(out, v128.bitselect(v128.load(x), v128.load(y), low));
    v128.store(out, v128.bitselect(v128.load(x, 16), v128.load(y, 16), high), 16);
  } else {
    v128.store(out, v128.bitselect(v128.load(x), v128.load(y), i16x8.narrow_i32x4_s(low, high)));
  }
}
