// The exported kernels. Layout is the caller's: every argument is a byte address in the imported memory, 16-byte
// aligned, and n counts elements. Order of arguments: sources, destination, factors, n.
import * as arithmetic from "./arithmetic";
import * as fused from "./fused";
import * as storing from "./store";

export * from "./elementwise-exports";
export { addLowRank } from "./low-rank";
export * from "./importance";
export {
  addDeltaByF32,
  addDeltaByF64,
  addProductsF32,
  addProductsF64,
  blendF32,
  blendF64,
  scaleByF32,
  scaleByF64,
} from "./columns";
export {
  clearAboveKey,
  clearBelowKey,
  clearEqualAfter,
  clearRandom,
  countEqual,
  histogram,
  histogramWindow,
  occurring,
  sumMagnitudes,
} from "./rank";
export * from "./sparse-exports";
export * from "./row-rank";
export * from "./drawn-exports";
export { clearByBits, clearDrawn, sumDrawn } from "./drawn";
export { dot, dotPair, dotThree, dotWide, dotF64 } from "./reduce";
export { widen, addDeltaF64, subtractF64 } from "./arithmetic";
export { encodeF32, demote, demoteToOdd, countNonFiniteF64 } from "./store";

export function decodeBF16(src: usize, dst: usize, n: i32): void {
  arithmetic.decode<u16>(src, dst, n);
}
export function decodeF16(src: usize, dst: usize, n: i32): void {
  arithmetic.decode<i16>(src, dst, n);
}
export function scaleF32(a: usize, dst: usize, s: f32, n: i32): void {
  arithmetic.scale<f32>(a, dst, s, n);
}
export function scaleF64(a: usize, dst: usize, s: f64, n: i32): void {
  arithmetic.scale<f64>(a, dst, s, n);
}
export function addDeltaF32(x: usize, a: usize, acc: usize, c: f32, n: i32): void {
  arithmetic.addDelta<f32>(x, a, acc, c, n);
}
export function addDeltaBF16(x: usize, a: usize, acc: usize, c: f32, n: i32): void {
  arithmetic.addDelta<u16>(x, a, acc, c, n);
}
export function addDeltaF16(x: usize, a: usize, acc: usize, c: f32, n: i32): void {
  arithmetic.addDelta<i16>(x, a, acc, c, n);
}
export function subtractF32(x: usize, a: usize, dst: usize, n: i32): i32 {
  return arithmetic.subtract<f32>(x, a, dst, n);
}
export function subtractBF16(x: usize, a: usize, dst: usize, n: i32): i32 {
  return arithmetic.subtract<u16>(x, a, dst, n);
}
export function subtractF16(x: usize, a: usize, dst: usize, n: i32): i32 {
  return arithmetic.subtract<i16>(x, a, dst, n);
}
export function encodeBF16(src: usize, dst: usize, n: i32): i32 {
  return storing.encodeHalf<u16>(src, dst, n);
}
export function encodeF16(src: usize, dst: usize, n: i32): i32 {
  return storing.encodeHalf<i16>(src, dst, n);
}
export function countNonFiniteBF16(ptr: usize, n: i32): i32 {
  return storing.countNonFinite<u16>(ptr, n);
}
export function countNonFiniteF16(ptr: usize, n: i32): i32 {
  return storing.countNonFinite<i16>(ptr, n);
}
export function countNonFiniteF32(ptr: usize, n: i32): i32 {
  return storing.countNonFinite<f32>(ptr, n);
}
export function gramOfTwoF32(a: usize, x: usize, y: usize, n: i32, out: usize): void {
  fused.gramOfTwo<f32>(a, x, y, n, out);
}
export function combineOneF32(a: usize, x: usize, out: usize, s: f32, c: f32, n: i32, work: usize): i32 {
  return fused.combineOne<f32>(a, x, out, s, c, n, work);
}
export function combineTwoF32(
  a: usize,
  x: usize,
  y: usize,
  out: usize,
  s: f32,
  c: f32,
  d: f32,
  n: i32,
  work: usize,
): i32 {
  return fused.combineTwo<f32>(a, x, y, out, s, c, d, n, work);
}
export function gramOfTwoBF16(a: usize, x: usize, y: usize, n: i32, out: usize): void {
  fused.gramOfTwo<u16>(a, x, y, n, out);
}
export function combineOneBF16(a: usize, x: usize, out: usize, s: f32, c: f32, n: i32, work: usize): i32 {
  return fused.combineOne<u16>(a, x, out, s, c, n, work);
}
export function combineTwoBF16(
  a: usize,
  x: usize,
  y: usize,
  out: usize,
  s: f32,
  c: f32,
  d: f32,
  n: i32,
  work: usize,
): i32 {
  return fused.combineTwo<u16>(a, x, y, out, s, c, d, n, work);
}
export function gramOfTwoF16(a: usize, x: usize, y: usize, n: i32, out: usize): void {
  fused.gramOfTwo<i16>(a, x, y, n, out);
}
export function combineOneF16(a: usize, x: usize, out: usize, s: f32, c: f32, n: i32, work: usize): i32 {
  return fused.combineOne<i16>(a, x, out, s, c, n, work);
}
export function combineTwoF16(
  a: usize,
  x: usize,
  y: usize,
  out: usize,
  s: f32,
  c: f32,
  d: f32,
  n: i32,
  work: usize,
): i32 {
  return fused.combineTwo<i16>(a, x, y, out, s, c, d, n, work);
}
