// The exported kernels of sparse.ts, two.ts, importance-stored.ts and window.ts, each for stored values of one dtype.
import { rangesStored, takeImportant, windowsImportance } from "./importance-stored";
import { nearswapStored, sparseTwo } from "./sparse";
import { activeOfTwo, agreedOfTwo, largestOfTwo, overlapOfTwo } from "./two";
import { keepApart, windowStored } from "./window";

export function nearswapStoredF32(x: usize, b: usize, out: usize, work: usize, t: f32, n: i32): i32 {
  return nearswapStored<f32>(x, b, out, work, t, n) ? 1 : 0;
}
export function sparseTwoF32(
  b: usize, x: usize, y: usize, out: usize, work: usize, counts: usize,
  low0: i32, high0: i32, low1: i32, high1: i32,
  v0: f32, v1: f32, c0: f32, c1: f32, w0: f32, w1: f32, s: f32, floor: f32, mode: i32, n: i32,
): i32 {
  return sparseTwo<f32>(b, x, y, out, work, counts, low0, high0, low1, high1, v0, v1, c0, c1, w0, w1, s, floor, mode, n) ? 1 : 0;
}
export function nearswapStoredBF16(x: usize, b: usize, out: usize, work: usize, t: f32, n: i32): i32 {
  return nearswapStored<u16>(x, b, out, work, t, n) ? 1 : 0;
}
export function sparseTwoBF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, counts: usize,
  low0: i32, high0: i32, low1: i32, high1: i32,
  v0: f32, v1: f32, c0: f32, c1: f32, w0: f32, w1: f32, s: f32, floor: f32, mode: i32, n: i32,
): i32 {
  return sparseTwo<u16>(b, x, y, out, work, counts, low0, high0, low1, high1, v0, v1, c0, c1, w0, w1, s, floor, mode, n) ? 1 : 0;
}
export function nearswapStoredF16(x: usize, b: usize, out: usize, work: usize, t: f32, n: i32): i32 {
  return nearswapStored<i16>(x, b, out, work, t, n) ? 1 : 0;
}
export function sparseTwoF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, counts: usize,
  low0: i32, high0: i32, low1: i32, high1: i32,
  v0: f32, v1: f32, c0: f32, c1: f32, w0: f32, w1: f32, s: f32, floor: f32, mode: i32, n: i32,
): i32 {
  return sparseTwo<i16>(b, x, y, out, work, counts, low0, high0, low1, high1, v0, v1, c0, c1, w0, w1, s, floor, mode, n) ? 1 : 0;
}
export function windowStoredF32(
  b: usize, x: usize, y: usize, counts: usize, counts2: usize, out: usize, work: usize,
  low: i32, high: i32, low2: i32, high2: i32, n: i32,
): void {
  windowStored<f32>(b, x, y, counts, counts2, out, work, low, high, low2, high2, n);
}
export function keepApartF32(
  b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, low: i32, high: i32, n: i32,
): i32 {
  return keepApart<f32>(b, x, y, p, q, work, low, high, n);
}
export function windowStoredBF16(
  b: usize, x: usize, y: usize, counts: usize, counts2: usize, out: usize, work: usize,
  low: i32, high: i32, low2: i32, high2: i32, n: i32,
): void {
  windowStored<u16>(b, x, y, counts, counts2, out, work, low, high, low2, high2, n);
}
export function keepApartBF16(
  b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, low: i32, high: i32, n: i32,
): i32 {
  return keepApart<u16>(b, x, y, p, q, work, low, high, n);
}
export function windowStoredF16(
  b: usize, x: usize, y: usize, counts: usize, counts2: usize, out: usize, work: usize,
  low: i32, high: i32, low2: i32, high2: i32, n: i32,
): void {
  windowStored<i16>(b, x, y, counts, counts2, out, work, low, high, low2, high2, n);
}
export function keepApartF16(
  b: usize, x: usize, y: usize, p: usize, q: usize, work: usize, low: i32, high: i32, n: i32,
): i32 {
  return keepApart<i16>(b, x, y, p, q, work, low, high, n);
}
export function largestOfTwoF32(b: usize, x: usize, y: usize, out: usize, work: usize, s: f32, n: i32): i32 {
  return largestOfTwo<f32>(b, x, y, out, work, s, n) ? 1 : 0;
}
export function overlapOfTwoF32(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, c0: f32, c1: f32, n: i32,
): i32 {
  return overlapOfTwo<f32>(b, x, y, out, work, epsilon, c0, c1, n) ? 1 : 0;
}
export function agreedOfTwoF32(
  b: usize, x: usize, y: usize, out: usize, work: usize, r0: f32, r1: f32, least: f32, s: f32, n: i32,
): i32 {
  return agreedOfTwo<f32>(b, x, y, out, work, r0, r1, least, s, n) ? 1 : 0;
}
export function largestOfTwoBF16(b: usize, x: usize, y: usize, out: usize, work: usize, s: f32, n: i32): i32 {
  return largestOfTwo<u16>(b, x, y, out, work, s, n) ? 1 : 0;
}
export function overlapOfTwoBF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, c0: f32, c1: f32, n: i32,
): i32 {
  return overlapOfTwo<u16>(b, x, y, out, work, epsilon, c0, c1, n) ? 1 : 0;
}
export function agreedOfTwoBF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, r0: f32, r1: f32, least: f32, s: f32, n: i32,
): i32 {
  return agreedOfTwo<u16>(b, x, y, out, work, r0, r1, least, s, n) ? 1 : 0;
}
export function largestOfTwoF16(b: usize, x: usize, y: usize, out: usize, work: usize, s: f32, n: i32): i32 {
  return largestOfTwo<i16>(b, x, y, out, work, s, n) ? 1 : 0;
}
export function overlapOfTwoF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, c0: f32, c1: f32, n: i32,
): i32 {
  return overlapOfTwo<i16>(b, x, y, out, work, epsilon, c0, c1, n) ? 1 : 0;
}
export function agreedOfTwoF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, r0: f32, r1: f32, least: f32, s: f32, n: i32,
): i32 {
  return agreedOfTwo<i16>(b, x, y, out, work, r0, r1, least, s, n) ? 1 : 0;
}
export function rangesStoredF32(b: usize, x: usize, base: usize, delta: usize, n: i32, out: usize): void {
  rangesStored<f32>(b, x, base, delta, n, out);
}
export function windowsImportanceF32(b: usize, x: usize, windows: usize, work: usize, factor: f32, n: i32): void {
  windowsImportance<f32>(b, x, windows, work, factor, n);
}
export function takeImportantF32(
  b: usize, x: usize, out: usize, work: usize, factor: f32, least: f32, n: i32,
): i32 {
  return takeImportant<f32>(b, x, out, work, factor, least, n) ? 1 : 0;
}
export function rangesStoredBF16(b: usize, x: usize, base: usize, delta: usize, n: i32, out: usize): void {
  rangesStored<u16>(b, x, base, delta, n, out);
}
export function windowsImportanceBF16(b: usize, x: usize, windows: usize, work: usize, factor: f32, n: i32): void {
  windowsImportance<u16>(b, x, windows, work, factor, n);
}
export function takeImportantBF16(
  b: usize, x: usize, out: usize, work: usize, factor: f32, least: f32, n: i32,
): i32 {
  return takeImportant<u16>(b, x, out, work, factor, least, n) ? 1 : 0;
}
export function rangesStoredF16(b: usize, x: usize, base: usize, delta: usize, n: i32, out: usize): void {
  rangesStored<i16>(b, x, base, delta, n, out);
}
export function windowsImportanceF16(b: usize, x: usize, windows: usize, work: usize, factor: f32, n: i32): void {
  windowsImportance<i16>(b, x, windows, work, factor, n);
}
export function takeImportantF16(
  b: usize, x: usize, out: usize, work: usize, factor: f32, least: f32, n: i32,
): i32 {
  return takeImportant<i16>(b, x, out, work, factor, least, n) ? 1 : 0;
}
export function activeOfTwoF32(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, n: i32,
): void {
  activeOfTwo<f32>(b, x, y, out, work, epsilon, n);
}
export function activeOfTwoBF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, n: i32,
): void {
  activeOfTwo<u16>(b, x, y, out, work, epsilon, n);
}
export function activeOfTwoF16(
  b: usize, x: usize, y: usize, out: usize, work: usize, epsilon: f32, n: i32,
): void {
  activeOfTwo<i16>(b, x, y, out, work, epsilon, n);
}
