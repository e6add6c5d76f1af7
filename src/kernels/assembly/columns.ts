// Steps whose factor or sum differs from column to column: one row, or a piece of one, at a time. No kernel here touches
// an element past n, since the next piece begins there.

// @ts-ignore: decorator
@inline
function lanes<T>(): i32 {
  return <i32>(16 / sizeof<T>());
}

/** Two elements at `ptr` as f64. */
// @ts-ignore: decorator
@inline
function wide2<T>(ptr: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(ptr);
  return f64x2.promote_low_f32x4(v128.load64_zero(ptr));
}

/** sums += a * b, element by element, with products and sums in f64; products that are not finite are left out. */
export function addProducts<T>(a: usize, b: usize, sums: usize, n: i32): void {
  const none = f64x2.splat(0);
  let i = 0;
  for (; i + 2 <= n; i += 2, a += 2 * sizeof<T>(), b += 2 * sizeof<T>(), sums += 16) {
    const p = f64x2.mul(wide2<T>(a), wide2<T>(b));
    const sum = v128.load(sums);
    const finite = f64x2.eq(f64x2.sub(p, p), none);
    v128.store(sums, v128.bitselect(f64x2.add(sum, p), sum, finite));
  }
  if (i == n) return;
  const p = <f64>load<T>(a) * <f64>load<T>(b);
  if (p - p == 0) store<f64>(sums, load<f64>(sums) + p);
}

/** dst = s * a. */
export function scaleBy<T>(a: usize, s: usize, dst: usize, n: i32): void {
  let i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>(), a += 16, s += 16, dst += 16)
    v128.store(dst, v128.mul<T>(v128.load(s), v128.load(a)));
  for (; i < n; i++, a += sizeof<T>(), s += sizeof<T>(), dst += sizeof<T>())
    store<T>(dst, (load<T>(s) * load<T>(a)) as T);
}

/**
 * acc += c * (x - a), and acc itself where c is 0. Computed as addDelta does, so that an x that equals a leaves even an
 * acc of -0 as it is.
 */
export function addDeltaBy<T>(x: usize, a: usize, acc: usize, c: usize, n: i32): void {
  const none = v128.splat<T>(0 as T);
  const sign = v128.splat<T>(-0.0 as T);
  let i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>(), x += 16, a += 16, acc += 16, c += 16) {
    const factor = v128.load(c);
    const flip = v128.and(v128.gt<T>(factor, none), sign);
    const d = v128.sub<T>(v128.xor(v128.load(x), flip), v128.xor(v128.load(a), flip));
    const sum = v128.load(acc);
    const next = v128.sub<T>(sum, v128.mul<T>(v128.andnot(factor, sign), d));
    v128.store(acc, v128.bitselect(sum, next, v128.eq<T>(factor, none)));
  }
  for (; i < n; i++, x += sizeof<T>(), a += sizeof<T>(), acc += sizeof<T>(), c += sizeof<T>()) {
    const factor = load<T>(c);
    if (factor == 0) continue;
    const d = (factor > 0 ? load<T>(a) - load<T>(x) : load<T>(x) - load<T>(a)) as T;
    const size = abs<T>(factor);
    store<T>(acc, (load<T>(acc) - size * d) as T);
  }
}

/** dst = src in the elements of T whose mask is set. */
export function blend<T>(src: usize, mask: usize, dst: usize, n: i32): void {
  let i = 0;
  for (; i + lanes<T>() <= n; i += lanes<T>(), src += 16, mask += 16, dst += 16)
    v128.store(dst, v128.bitselect(v128.load(src), v128.load(dst), v128.load(mask)));
  for (; i < n; i++, src += sizeof<T>(), mask += sizeof<T>(), dst += sizeof<T>())
    if (load<u8>(mask) != 0) store<T>(dst, load<T>(src));
}

export function addProductsF32(a: usize, b: usize, sums: usize, n: i32): void {
  addProducts<f32>(a, b, sums, n);
}
export function addProductsF64(a: usize, b: usize, sums: usize, n: i32): void {
  addProducts<f64>(a, b, sums, n);
}
export function scaleByF32(a: usize, s: usize, dst: usize, n: i32): void {
  scaleBy<f32>(a, s, dst, n);
}
export function scaleByF64(a: usize, s: usize, dst: usize, n: i32): void {
  scaleBy<f64>(a, s, dst, n);
}
export function addDeltaByF32(x: usize, a: usize, acc: usize, c: usize, n: i32): void {
  addDeltaBy<f32>(x, a, acc, c, n);
}
export function addDeltaByF64(x: usize, a: usize, acc: usize, c: usize, n: i32): void {
  addDeltaBy<f64>(x, a, acc, c, n);
}
export function blendF32(src: usize, mask: usize, dst: usize, n: i32): void {
  blend<f32>(src, mask, dst, n);
}
export function blendF64(src: usize, mask: usize, dst: usize, n: i32): void {
  blend<f64>(src, mask, dst, n);
}
