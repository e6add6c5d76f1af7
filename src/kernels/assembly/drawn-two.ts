// The combinations of two task vectors of which bits tell what is kept, in one reading of stored values of one dtype.
// Order and rounding are those of the separate kernels (subtract; clearByBits; addScaled and finishSum, or electTwo;
// encode), so that either way gives the same bits.
import { lanesOf } from "./drawn";
import { load4, pad } from "./load";
import { magnitude, store8, suspect } from "./store";

const SIGN: i32 = 0x80000000;

/** Numbered as in sparse.ts. */
const ADD: i32 = 0;
const AVERAGE: i32 = 2;

// Zeros of either sign come to the same: they are never elected, and a sum of 0 leaves the base as it is.
// @ts-ignore: decorator
@inline
function join4(base: v128, z0: v128, z1: v128, w0: v128, w1: v128, s: v128, mode: i32): v128 {
  const none = f32x4.splat(0);
  let m = f32x4.add(z0, z1);
  let delta = m;
  if (mode != ADD) {
    const turn = v128.andnot(i32x4.splat(SIGN), f32x4.ge(m, none));
    const kept0 = f32x4.gt(v128.xor(z0, turn), none);
    const kept1 = f32x4.gt(v128.xor(z1, turn), none);
    m = f32x4.add(v128.and(z0, kept0), v128.and(z1, kept1));
    // Weights of 0 are excluded, so that only a sum of 0 is divided by 0.
    delta = mode == AVERAGE ? f32x4.div(m, f32x4.add(v128.and(w0, kept0), v128.and(w1, kept1))) : m;
  }
  return v128.bitselect(base, f32x4.add(base, f32x4.mul(s, delta)), f32x4.eq(m, none));
}

// @ts-ignore: decorator
@inline
function join<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, bits0: usize, bits1: usize,
  c0: f32, c1: f32, w0: f32, w1: f32, s: f32, mode: i32, n: i32,
): bool {
  const factor0 = f32x4.splat(c0), factor1 = f32x4.splat(c1);
  const weight0 = f32x4.splat(w0), weight1 = f32x4.splat(w1);
  const scale = f32x4.splat(s);
  const first = i32x4(1, 2, 4, 8), second = i32x4(16, 32, 64, 128);
  const step = sizeof<D>() << 2;
  const whole = n & ~7;
  let most = i32x4.splat(0);
  let bad = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    let target = out;
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      y = pad<D>(y, work + 64, n - whole);
      target = work + 96;
    }
    const kept0 = v128.load8_splat(bits0), kept1 = v128.load8_splat(bits1);
    let base = load4<D>(b);
    let p = f32x4.sub(load4<D>(x), base);
    let q = f32x4.sub(load4<D>(y), base);
    most = i32x4.max_s(most, i32x4.max_s(magnitude(p), magnitude(q)));
    p = v128.and(f32x4.mul(factor0, p), lanesOf(kept0, first));
    q = v128.and(f32x4.mul(factor1, q), lanesOf(kept1, first));
    const low = join4(base, p, q, weight0, weight1, scale, mode);
    base = load4<D>(b + step);
    p = f32x4.sub(load4<D>(x + step), base);
    q = f32x4.sub(load4<D>(y + step), base);
    most = i32x4.max_s(most, i32x4.max_s(magnitude(p), magnitude(q)));
    p = v128.and(f32x4.mul(factor0, p), lanesOf(kept0, second));
    q = v128.and(f32x4.mul(factor1, q), lanesOf(kept1, second));
    const high = join4(base, p, q, weight0, weight1, scale, mode);
    bad = v128.or(bad, store8<D>(target, low, high));
    b += 2 * step;
    x += 2 * step;
    y += 2 * step;
    out += 2 * step;
    bits0++;
    bits1++;
  }
  if (n > whole) memory.copy(out - 2 * step, work + 96, <usize>(n - whole) * sizeof<D>());
  return !v128.any_true(v128.or(bad, suspect<f32>(most)));
}

/**
 * out = b + s * join(p, q) over what is kept of p = c0 * (x - b) and q = c1 * (y - b), which elect signs too; w: weights of
 * an average, neither 0 nor opposite. Returns false, with results of no meaning, if some value is not finite. `work` is
 * scratch for 32 f32.
 */
export function drawnTwo<D>(
  b: usize, x: usize, y: usize, out: usize, work: usize, bits0: usize, bits1: usize,
  c0: f32, c1: f32, w0: f32, w1: f32, s: f32, mode: i32, n: i32,
): bool {
  if (mode == ADD) return join<D>(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, ADD, n);
  if (mode == AVERAGE) return join<D>(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, AVERAGE, n);
  return join<D>(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, 1, n);
}

/** p = x - b and q = y - b as f32. */
export function subtractTwo<D>(b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, n: i32): void {
  const step = sizeof<D>() << 2;
  const whole = n & ~3;
  for (let i = 0; i < n; i += 4) {
    if (i == whole) {
      b = pad<D>(b, work, n - whole);
      x = pad<D>(x, work + 32, n - whole);
      y = pad<D>(y, work + 64, n - whole);
    }
    const base = load4<D>(b);
    v128.store(p, f32x4.sub(load4<D>(x), base));
    v128.store(q, f32x4.sub(load4<D>(y), base));
    b += step;
    x += step;
    y += step;
    p += 16;
    q += 16;
  }
}
