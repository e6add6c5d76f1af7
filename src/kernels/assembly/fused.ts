// The two steps that most merges consist of, in one reading each: the Gram matrix of two task vectors, and a linear
// combination of an anchor and one or two inputs of its dtype. Order and rounding are those of the separate kernels
// (subtract and dotPair; scale, addDelta and encode), so that either way gives the same bits.
import { difference1, difference4, flipFor } from "./arithmetic";
import { load1, load4 } from "./load";
import { addLanes, BLOCK } from "./reduce";
import { encodeF32, encodeHalf, store8 } from "./store";

// @ts-ignore: decorator
@inline
function delta4<D>(x: usize, a: v128): v128 {
  return f32x4.sub(load4<D>(x), a);
}

/**
 * Inner products of p = x - a and q = y - a: out = pp, pq, qq; three f64.
 */
export function gramOfTwo<D>(a: usize, x: usize, y: usize, n: i32, out: usize): void {
  let pp: f64 = 0;
  let pq: f64 = 0;
  let qq: f64 = 0;
  const step = sizeof<D>() << 2;
  const whole = n & ~15;
  for (let start = 0; start < whole; start += BLOCK) {
    const end = min(start + BLOCK, whole);
    const zero = f32x4.splat(0);
    let p0 = zero, p1 = zero, p2 = zero, p3 = zero;
    let q0 = zero, q1 = zero, q2 = zero, q3 = zero;
    let r0 = zero, r1 = zero, r2 = zero, r3 = zero;
    for (let i = start; i < end; i += 16) {
      let anchor = load4<D>(a);
      let p = delta4<D>(x, anchor);
      let q = delta4<D>(y, anchor);
      p0 = f32x4.add(p0, f32x4.mul(p, p));
      q0 = f32x4.add(q0, f32x4.mul(p, q));
      r0 = f32x4.add(r0, f32x4.mul(q, q));
      anchor = load4<D>(a + step);
      p = delta4<D>(x + step, anchor);
      q = delta4<D>(y + step, anchor);
      p1 = f32x4.add(p1, f32x4.mul(p, p));
      q1 = f32x4.add(q1, f32x4.mul(p, q));
      r1 = f32x4.add(r1, f32x4.mul(q, q));
      anchor = load4<D>(a + 2 * step);
      p = delta4<D>(x + 2 * step, anchor);
      q = delta4<D>(y + 2 * step, anchor);
      p2 = f32x4.add(p2, f32x4.mul(p, p));
      q2 = f32x4.add(q2, f32x4.mul(p, q));
      r2 = f32x4.add(r2, f32x4.mul(q, q));
      anchor = load4<D>(a + 3 * step);
      p = delta4<D>(x + 3 * step, anchor);
      q = delta4<D>(y + 3 * step, anchor);
      p3 = f32x4.add(p3, f32x4.mul(p, p));
      q3 = f32x4.add(q3, f32x4.mul(p, q));
      r3 = f32x4.add(r3, f32x4.mul(q, q));
      a += 4 * step;
      x += 4 * step;
      y += 4 * step;
    }
    pp = addLanes(addLanes(addLanes(addLanes(pp, p0), p1), p2), p3);
    pq = addLanes(addLanes(addLanes(addLanes(pq, q0), q1), q2), q3);
    qq = addLanes(addLanes(addLanes(addLanes(qq, r0), r1), r2), r3);
  }
  for (let i = whole; i < n; i++) {
    const anchor = load1<D>(a);
    const p = load1<D>(x) - anchor;
    const q = load1<D>(y) - anchor;
    pp += <f64>(p * p);
    pq += <f64>(p * q);
    qq += <f64>(q * q);
    a += sizeof<D>();
    x += sizeof<D>();
    y += sizeof<D>();
  }
  store<f64>(out, pp);
  store<f64>(out, pq, 8);
  store<f64>(out, qq, 16);
}

// @ts-ignore: decorator
@inline
function combined4<D>(a: usize, x: usize, y: usize, s: v128, c: v128, d: v128, cFlip: v128, dFlip: v128, two: bool): v128 {
  const anchor = load4<D>(a);
  let sum = f32x4.sub(f32x4.mul(s, anchor), f32x4.mul(c, difference4(load4<D>(x), anchor, cFlip)));
  if (two) sum = f32x4.sub(sum, f32x4.mul(d, difference4(load4<D>(y), anchor, dFlip)));
  return sum;
}

/**
 * out = s * a + c * (x - a) [+ d * (y - a)], all of dtype D, rounded once; `work` is scratch for n f32. Returns the
 * number of results that are not finite.
 */
// @ts-ignore: decorator
@inline
function combine<D>(a: usize, x: usize, y: usize, out: usize, s: f32, c: f32, d: f32, two: bool, n: i32, work: usize): i32 {
  const scale = f32x4.splat(s);
  const first = f32x4.splat(abs(c));
  const second = f32x4.splat(abs(d));
  const cFlip = flipFor(c);
  const dFlip = flipFor(d);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let bad = f32x4.splat(0);
  for (let i = 0; i < whole; i += 8) {
    const low = combined4<D>(a, x, y, scale, first, second, cFlip, dFlip, two);
    const high = combined4<D>(a + step, x + step, y + step, scale, first, second, cFlip, dFlip, two);
    bad = v128.or(bad, store8<D>(out, low, high));
    a += 2 * step;
    x += 2 * step;
    y += 2 * step;
    out += 2 * step;
  }
  // The tail, and all of it again if anything may not be finite, by way of `work`.
  let from = whole;
  if (v128.any_true(bad)) {
    from = 0;
    const back = <usize>whole * sizeof<D>();
    a -= back;
    x -= back;
    y -= back;
    out -= back;
  }
  for (let i = from, w = work; i < n; i++, w += 4) {
    const anchor = load1<D>(a);
    let sum = s * anchor - abs(c) * difference1<f32>(load1<D>(x), anchor, c);
    if (two) sum = sum - abs(d) * difference1<f32>(load1<D>(y), anchor, d);
    store<f32>(w, sum);
    a += sizeof<D>();
    x += sizeof<D>();
    y += sizeof<D>();
  }
  if (isFloat<D>()) return encodeF32(work, out, n - from);
  return encodeHalf<D>(work, out, n - from);
}

export function combineOne<D>(a: usize, x: usize, out: usize, s: f32, c: f32, n: i32, work: usize): i32 {
  return combine<D>(a, x, x, out, s, c, 0, false, n, work);
}

export function combineTwo<D>(a: usize, x: usize, y: usize, out: usize, s: f32, c: f32, d: f32, n: i32, work: usize): i32 {
  return combine<D>(a, x, y, out, s, c, d, true, n, work);
}
