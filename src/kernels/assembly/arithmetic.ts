// Elementwise steps of a linear combination, anchored: acc = scale * a, then acc += c * (x - a) for every input.
import { load1, load4 } from "./load";

export function decode<D>(src: usize, dst: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dst, load4<D>(src));
    src += sizeof<D>() << 2;
    dst += 16;
  }
  for (; i < n; i++) {
    store<f32>(dst, load1<D>(src));
    src += sizeof<D>();
    dst += 4;
  }
}

/** f32 to f64. */
export function widen(src: usize, dst: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<f64>(dst, <f64>load<f32>(src));
    src += 4;
    dst += 8;
  }
}

/** dst = s * a; T is f32 or f64. */
export function scale<T>(a: usize, dst: usize, s: T, n: i32): void {
  const factor = v128.splat<T>(s);
  const lanes = <i32>(16 / sizeof<T>());
  let i = 0;
  for (; i + lanes <= n; i += lanes) {
    v128.store(dst, v128.mul<T>(factor, v128.load(a)));
    a += 16;
    dst += 16;
  }
  for (; i < n; i++) {
    store<T>(dst, (s * load<T>(a)) as T);
    a += sizeof<T>();
    dst += sizeof<T>();
  }
}

// c * (x - a) is added as -|c| * d with d = a - x for a positive c and x - a otherwise. The numbers are the same, but
// where x equals a, d is +0, and subtracting it leaves even a sum of -0 as it is: equal inputs come back bit for bit.

/** Sign bits to flip in both x and a for d. */
// @ts-ignore: decorator
@inline
export function flipFor(c: f32): v128 {
  return i32x4.splat(c > 0 ? i32.MIN_VALUE : 0);
}

// @ts-ignore: decorator
@inline
export function difference4(x: v128, a: v128, flip: v128): v128 {
  return f32x4.sub(v128.xor(x, flip), v128.xor(a, flip));
}

// @ts-ignore: decorator
@inline
export function difference1<T>(x: T, a: T, c: T): T {
  return (c > 0 ? a - x : x - a) as T;
}

/** acc += c * (x - a), x of dtype D, all else f32. */
export function addDelta<D>(x: usize, a: usize, acc: usize, c: f32, n: i32): void {
  const factor = f32x4.splat(abs(c));
  const flip = flipFor(c);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const d0 = difference4(load4<D>(x), v128.load(a), flip);
    const d1 = difference4(load4<D>(x + (sizeof<D>() << 2)), v128.load(a, 16), flip);
    v128.store(acc, f32x4.sub(v128.load(acc), f32x4.mul(factor, d0)));
    v128.store(acc, f32x4.sub(v128.load(acc, 16), f32x4.mul(factor, d1)), 16);
    x += sizeof<D>() << 3;
    a += 32;
    acc += 32;
  }
  for (; i < n; i++) {
    store<f32>(acc, load<f32>(acc) - abs(c) * difference1<f32>(load1<D>(x), load<f32>(a), c));
    x += sizeof<D>();
    a += 4;
    acc += 4;
  }
}

export function addDeltaF64(x: usize, a: usize, acc: usize, c: f64, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<f64>(acc, load<f64>(acc) - abs(c) * difference1<f64>(load<f64>(x), load<f64>(a), c));
    x += 8;
    a += 8;
    acc += 8;
  }
}

/** dst = x - a, x of dtype D; returns how many differences are exactly zero. */
export function subtract<D>(x: usize, a: usize, dst: usize, n: i32): i32 {
  const none = f32x4.splat(0);
  let zeros = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const d = f32x4.sub(load4<D>(x), v128.load(a));
    zeros = i32x4.sub(zeros, f32x4.eq(d, none));
    v128.store(dst, d);
    x += sizeof<D>() << 2;
    a += 16;
    dst += 16;
  }
  let count =
    i32x4.extract_lane(zeros, 0) +
    i32x4.extract_lane(zeros, 1) +
    i32x4.extract_lane(zeros, 2) +
    i32x4.extract_lane(zeros, 3);
  for (; i < n; i++) {
    const d = load1<D>(x) - load<f32>(a);
    if (d == 0) count++;
    store<f32>(dst, d);
    x += sizeof<D>();
    a += 4;
    dst += 4;
  }
  return count;
}

export function subtractF64(x: usize, a: usize, dst: usize, n: i32): i32 {
  let count = 0;
  for (let i = 0; i < n; i++) {
    const d = load<f64>(x) - load<f64>(a);
    if (d == 0) count++;
    store<f64>(dst, d);
    x += 8;
    a += 8;
    dst += 8;
  }
  return count;
}
