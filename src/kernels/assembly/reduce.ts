// Inner products of f32 vectors. Order, which the scalar twin follows to the bit: within a block of 256 elements lane
// l sums elements l, l + 16, ... in f32; the 16 lanes are then added in order 0..15 to an f64 total. The last n % 16
// elements are added one by one in f64.
export const BLOCK: i32 = 256;

// @ts-ignore: decorator
@inline
export function addLanes(total: f64, v: v128): f64 {
  total += <f64>f32x4.extract_lane(v, 0);
  total += <f64>f32x4.extract_lane(v, 1);
  total += <f64>f32x4.extract_lane(v, 2);
  total += <f64>f32x4.extract_lane(v, 3);
  return total;
}

// @ts-ignore: decorator
@inline
function madd(sum: v128, a: usize, b: usize): v128 {
  return f32x4.add(sum, f32x4.mul(v128.load(a), v128.load(b)));
}

export function dot(a: usize, b: usize, n: i32): f64 {
  let total: f64 = 0;
  const whole = n & ~15;
  for (let start = 0; start < whole; start += BLOCK) {
    const end = min(start + BLOCK, whole);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let i = start; i < end; i += 16) {
      s0 = madd(s0, a, b);
      s1 = madd(s1, a + 16, b + 16);
      s2 = madd(s2, a + 32, b + 32);
      s3 = madd(s3, a + 48, b + 48);
      a += 64;
      b += 64;
    }
    total = addLanes(addLanes(addLanes(addLanes(total, s0), s1), s2), s3);
  }
  for (let i = whole; i < n; i++) {
    total += <f64>(load<f32>(a) * load<f32>(b));
    a += 4;
    b += 4;
  }
  return total;
}

/** The three products of two vectors in one reading: out[0] = aa, out[1] = ab, out[2] = bb (f64). Same order as dot. */
export function dotPair(a: usize, b: usize, n: i32, out: usize): void {
  let aa: f64 = 0;
  let ab: f64 = 0;
  let bb: f64 = 0;
  const whole = n & ~15;
  for (let start = 0; start < whole; start += BLOCK) {
    const end = min(start + BLOCK, whole);
    const zero = f32x4.splat(0);
    let p0 = zero, p1 = zero, p2 = zero, p3 = zero;
    let q0 = zero, q1 = zero, q2 = zero, q3 = zero;
    let r0 = zero, r1 = zero, r2 = zero, r3 = zero;
    for (let i = start; i < end; i += 16) {
      let x = v128.load(a);
      let y = v128.load(b);
      p0 = f32x4.add(p0, f32x4.mul(x, x));
      q0 = f32x4.add(q0, f32x4.mul(x, y));
      r0 = f32x4.add(r0, f32x4.mul(y, y));
      x = v128.load(a, 16);
      y = v128.load(b, 16);
      p1 = f32x4.add(p1, f32x4.mul(x, x));
      q1 = f32x4.add(q1, f32x4.mul(x, y));
      r1 = f32x4.add(r1, f32x4.mul(y, y));
      x = v128.load(a, 32);
      y = v128.load(b, 32);
      p2 = f32x4.add(p2, f32x4.mul(x, x));
      q2 = f32x4.add(q2, f32x4.mul(x, y));
      r2 = f32x4.add(r2, f32x4.mul(y, y));
      x = v128.load(a, 48);
      y = v128.load(b, 48);
      p3 = f32x4.add(p3, f32x4.mul(x, x));
      q3 = f32x4.add(q3, f32x4.mul(x, y));
      r3 = f32x4.add(r3, f32x4.mul(y, y));
      a += 64;
      b += 64;
    }
    aa = addLanes(addLanes(addLanes(addLanes(aa, p0), p1), p2), p3);
    ab = addLanes(addLanes(addLanes(addLanes(ab, q0), q1), q2), q3);
    bb = addLanes(addLanes(addLanes(addLanes(bb, r0), r1), r2), r3);
  }
  for (let i = whole; i < n; i++) {
    const x = load<f32>(a);
    const y = load<f32>(b);
    aa += <f64>(x * x);
    ab += <f64>(x * y);
    bb += <f64>(y * y);
    a += 4;
    b += 4;
  }
  store<f64>(out, aa);
  store<f64>(out + 8, ab);
  store<f64>(out + 16, bb);
}

/**
 * The six products of three vectors in one reading: out = aa, ab, ac, bb, bc, cc (f64). Same order as dot; each lane
 * quarter of a block is gone through by itself, so that the sums fit the registers.
 */
export function dotThree(a: usize, b: usize, c: usize, n: i32, out: usize): void {
  let aa: f64 = 0;
  let ab: f64 = 0;
  let ac: f64 = 0;
  let bb: f64 = 0;
  let bc: f64 = 0;
  let cc: f64 = 0;
  const whole = n & ~15;
  for (let start = 0; start < whole; start += BLOCK) {
    const end = <usize>min(start + BLOCK, whole) << 2;
    for (let quarter: usize = 0; quarter < 64; quarter += 16) {
      const zero = f32x4.splat(0);
      let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero;
      for (let at = (<usize>start << 2) + quarter; at < end; at += 64) {
        const x = v128.load(a + at);
        const y = v128.load(b + at);
        const z = v128.load(c + at);
        s0 = f32x4.add(s0, f32x4.mul(x, x));
        s1 = f32x4.add(s1, f32x4.mul(x, y));
        s2 = f32x4.add(s2, f32x4.mul(x, z));
        s3 = f32x4.add(s3, f32x4.mul(y, y));
        s4 = f32x4.add(s4, f32x4.mul(y, z));
        s5 = f32x4.add(s5, f32x4.mul(z, z));
      }
      aa = addLanes(aa, s0);
      ab = addLanes(ab, s1);
      ac = addLanes(ac, s2);
      bb = addLanes(bb, s3);
      bc = addLanes(bc, s4);
      cc = addLanes(cc, s5);
    }
  }
  for (let i = whole; i < n; i++) {
    const at = <usize>i << 2;
    const x = load<f32>(a + at);
    const y = load<f32>(b + at);
    const z = load<f32>(c + at);
    aa += <f64>(x * x);
    ab += <f64>(x * y);
    ac += <f64>(x * z);
    bb += <f64>(y * y);
    bc += <f64>(y * z);
    cc += <f64>(z * z);
  }
  store<f64>(out, aa);
  store<f64>(out, ab, 8);
  store<f64>(out, ac, 16);
  store<f64>(out, bb, 24);
  store<f64>(out, bc, 32);
  store<f64>(out, cc, 40);
}

/**
 * Inner product with f64 products, one by one: for vectors whose squares leave F32's range. Products that are not
 * finite are left out (the engine counts and reports them).
 */
export function dotWide(a: usize, b: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const p = <f64>load<f32>(a) * <f64>load<f32>(b);
    if (p - p == 0) total += p;
    a += 4;
    b += 4;
  }
  return total;
}

/** Inner product of f64 vectors, one by one; products that are not finite are left out. */
export function dotF64(a: usize, b: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const p = load<f64>(a) * load<f64>(b);
    if (p - p == 0) total += p;
    a += 8;
    b += 8;
  }
  return total;
}
