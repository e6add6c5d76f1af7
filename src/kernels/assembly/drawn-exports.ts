// The exported kernels of drawn-two.ts, each for stored values of one dtype.
import { drawnTwo, subtractTwo } from "./drawn-two";

export function drawnTwoF32(
  b: usize, x: usize, y: usize, out: usize, work: usize, bits0: usize, bits1: usize,
  c0: f32, c1: f32, w0: f32, w1: f32, s: f32, mode: i32, n: i32,
): i32 {
  return drawnTwo<f32>(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, mode, n) ? 1 : 0;
}
export function subtractTwoF32(b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, n: i32): void {
  subtractTwo<f32>(b, x, y, p, q, work, n);
}

export function drawnTwoBF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, bits0: usize, bits1: usize,
  c0: f32, c1: f32, w0: f32, w1: f32, s: f32, mode: i32, n: i32,
): i32 {
  return drawnTwo<u16>(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, mode, n) ? 1 : 0;
}
export function subtractTwoBF16(b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, n: i32): void {
  subtractTwo<u16>(b, x, y, p, q, work, n);
}

export function drawnTwoF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, bits0: usize, bits1: usize,
  c0: f32, c1: f32, w0: f32, w1: f32, s: f32, mode: i32, n: i32,
): i32 {
  return drawnTwo<i16>(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, mode, n) ? 1 : 0;
}
export function subtractTwoF16(b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, n: i32): void {
  subtractTwo<i16>(b, x, y, p, q, work, n);
}
