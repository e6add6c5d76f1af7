// The exported elementwise kernels, each for f32 and f64. Order of arguments: sources, destination, factors, n.
import * as e from "./elementwise";

export function addScaledF32(d: usize, sum: usize, c: f32, n: i32): void {
  e.addScaled<f32>(d, sum, c, n);
}
export function addScaledF64(d: usize, sum: usize, c: f64, n: i32): void {
  e.addScaled<f64>(d, sum, c, n);
}
export function electF32(d: usize, vote: usize, sum: usize, weight: usize, c: f32, w: f32, n: i32): void {
  e.elect<f32>(d, vote, sum, weight, c, w, n);
}
export function electF64(d: usize, vote: usize, sum: usize, weight: usize, c: f64, w: f64, n: i32): void {
  e.elect<f64>(d, vote, sum, weight, c, w, n);
}
export function finishSumF32(b: usize, sum: usize, out: usize, s: f32, n: i32): void {
  e.finishSum<f32>(b, sum, out, s, n);
}
export function finishSumF64(b: usize, sum: usize, out: usize, s: f64, n: i32): void {
  e.finishSum<f64>(b, sum, out, s, n);
}
export function finishMeanF32(b: usize, sum: usize, weight: usize, out: usize, s: f32, floor: f32, n: i32): void {
  e.finishMean<f32>(b, sum, weight, out, s, floor, n);
}
export function finishMeanF64(b: usize, sum: usize, weight: usize, out: usize, s: f64, floor: f64, n: i32): void {
  e.finishMean<f64>(b, sum, weight, out, s, floor, n);
}
export function nearswapF32(x: usize, b: usize, out: usize, t: f32, n: i32): void {
  e.nearswap<f32>(x, b, out, t, n);
}
export function nearswapF64(x: usize, b: usize, out: usize, t: f64, n: i32): void {
  e.nearswap<f64>(x, b, out, t, n);
}
export function selectLargerF32(x: usize, b: usize, best: usize, n: i32): void {
  e.selectLarger<f32>(x, b, best, n);
}
export function selectLargerF64(x: usize, b: usize, best: usize, n: i32): void {
  e.selectLarger<f64>(x, b, best, n);
}
export function moveTowardsF32(b: usize, x: usize, out: usize, s: f32, n: i32): void {
  e.moveTowards<f32>(b, x, out, s, n);
}
export function moveTowardsF64(b: usize, x: usize, out: usize, s: f64, n: i32): void {
  e.moveTowards<f64>(b, x, out, s, n);
}
export function countDominantF32(d: usize, sum: usize, count: usize, r: f32, n: i32): void {
  e.countDominant<f32>(d, sum, count, r, n);
}
export function countDominantF64(d: usize, sum: usize, count: usize, r: f64, n: i32): void {
  e.countDominant<f64>(d, sum, count, r, n);
}
export function clearBelowF32(count: usize, sum: usize, least: f32, n: i32): void {
  e.clearBelow<f32>(count, sum, least, n);
}
export function clearBelowF64(count: usize, sum: usize, least: f64, n: i32): void {
  e.clearBelow<f64>(count, sum, least, n);
}
export function clearSmallF32(d: usize, limit: f32, n: i32): void {
  e.clearSmall<f32>(d, limit, n);
}
export function clearSmallF64(d: usize, limit: f64, n: i32): void {
  e.clearSmall<f64>(d, limit, n);
}
export function countNonZeroF32(d: usize, count: usize, n: i32): void {
  e.countNonZero<f32>(d, count, n);
}
export function countNonZeroF64(d: usize, count: usize, n: i32): void {
  e.countNonZero<f64>(d, count, n);
}
export function shareOverlapF32(single: usize, sum: usize, count: usize, n: i32): void {
  e.shareOverlap<f32>(single, sum, count, n);
}
export function shareOverlapF64(single: usize, sum: usize, count: usize, n: i32): void {
  e.shareOverlap<f64>(single, sum, count, n);
}
export function overlapF32(d: usize, count: usize, n: i32): i32 {
  return e.overlap<f32>(d, count, n);
}
export function overlapF64(d: usize, count: usize, n: i32): i32 {
  return e.overlap<f64>(d, count, n);
}
export function clearWhereZeroF64(key: usize, d: usize, n: i32): void {
  e.clearWhereZero<f64>(key, d, n);
}
export function clearWhereZeroF32(key: usize, d: usize, n: i32): void {
  e.clearWhereZero<f32>(key, d, n);
}
export function electTwoF32(
  b: usize,
  p: usize,
  q: usize,
  out: usize,
  v0: f32,
  v1: f32,
  c0: f32,
  c1: f32,
  w0: f32,
  w1: f32,
  s: f32,
  floor: f32,
  divide: i32,
  n: i32,
): void {
  if (divide) e.electTwo<f32>(b, p, q, out, v0, v1, c0, c1, w0, w1, s, floor, true, n);
  else e.electTwo<f32>(b, p, q, out, v0, v1, c0, c1, w0, w1, s, floor, false, n);
}
export function varianceF32(table: usize, count: i32, out: usize, n: i32): void {
  e.variance<f32>(table, count, out, n);
}
export function electTwoF64(
  b: usize,
  p: usize,
  q: usize,
  out: usize,
  v0: f64,
  v1: f64,
  c0: f64,
  c1: f64,
  w0: f64,
  w1: f64,
  s: f64,
  floor: f64,
  divide: i32,
  n: i32,
): void {
  if (divide) e.electTwo<f64>(b, p, q, out, v0, v1, c0, c1, w0, w1, s, floor, true, n);
  else e.electTwo<f64>(b, p, q, out, v0, v1, c0, c1, w0, w1, s, floor, false, n);
}
export function varianceF64(table: usize, count: i32, out: usize, n: i32): void {
  e.variance<f64>(table, count, out, n);
}
