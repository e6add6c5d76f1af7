import { decodeHalfBits, encodeHalfBits } from "../tensor/half.ts";
import type { HalfDtype } from "../tensor/half.ts";
import type { Address } from "./address.ts";
import type { Kernels } from "./kernels.ts";
import { referenceColumns } from "./reference-columns.ts";
import { referenceElementwise } from "./reference-elementwise.ts";
import { referenceImportance } from "./reference-importance.ts";
import { referenceLowRank } from "./low-rank.ts";
import { referenceStored } from "./reference-stored.ts";
import { referenceRowRank } from "./reference-row-rank.ts";

const fround = Math.fround;
const BLOCK = 256;
const LANES = 16;

/**
 * The scalar twin of the compiled kernels: the same results to the bit, in plain TypeScript over the same memory. It
 * is the tests' oracle, and what runs where WebAssembly SIMD is missing.
 */
export function referenceKernels(memory: WebAssembly.Memory): Kernels {
  const f32 = (ptr: Address, n: number) => new Float32Array(memory.buffer, ptr, n);
  const f64 = (ptr: Address, n: number) => new Float64Array(memory.buffer, ptr, n);
  const u16 = (ptr: Address, n: number) => new Uint16Array(memory.buffer, ptr, n);
  const half = (dtype: HalfDtype, ptr: Address, n: number) =>
    Float32Array.from(u16(ptr, n), (bits) => decodeHalfBits(dtype, bits));

  const addDelta = (x: Float32Array, a: Address, acc: Address, c: number, n: number) => {
    const [anchor, sum, factor] = [f32(a, n), f32(acc, n), fround(c)];
    for (let i = 0; i < n; i++) {
      const delta = fround(deltaAgainst(factor, at(x, i), at(anchor, i)));
      sum[i] = fround(at(sum, i) - fround(Math.abs(factor) * delta));
    }
  };
  const subtract = (x: ArrayLike<number>, a: ArrayLike<number>, out: Float32Array | Float64Array) => {
    let zeros = 0;
    for (let i = 0; i < out.length; i++) {
      out[i] = at(x, i) - at(a, i);
      if (out[i] === 0) zeros++;
    }
    return zeros;
  };
  const encode = (dtype: HalfDtype, src: Address, dst: Address, n: number) => {
    const out = u16(dst, n);
    f32(src, n).forEach((value, i) => (out[i] = encodeHalfBits(dtype, value)));
    return countNonFinite(half(dtype, dst, n));
  };

  const value = (dtype: "F32" | HalfDtype, ptr: Address, n: number) =>
    dtype === "F32" ? f32(ptr, n).slice() : half(dtype, ptr, n);
  const gramOfTwo =
    (dtype: "F32" | HalfDtype) => (a: Address, x: Address, y: Address, n: number, out: Address) => {
      const [p, q] = [new Float32Array(n), new Float32Array(n)];
      const anchor = value(dtype, a, n);
      subtract(value(dtype, x, n), anchor, p);
      subtract(value(dtype, y, n), anchor, q);
      f64(out, 3).set([blockedDot(p, p), blockedDot(p, q), blockedDot(q, q)]);
    };
  /** The terms are added one after the other, as scale and addDelta do. */
  const combine = (
    dtype: "F32" | HalfDtype,
    a: Address,
    terms: readonly (readonly [x: Address, c: number])[],
    out: Address,
    s: number,
    n: number,
    work: Address,
  ) => {
    const anchor = value(dtype, a, n);
    const sum = anchor.map((element) => fround(s) * element);
    for (const [x, c] of terms)
      value(dtype, x, n).forEach((element, i) => {
        const delta = fround(deltaAgainst(fround(c), element, at(anchor, i)));
        sum[i] = fround(at(sum, i) - fround(fround(Math.abs(c)) * delta));
      });
    f32(work, n).set(sum);
    if (dtype !== "F32") return encode(dtype, work, out, n);
    f32(out, n).set(sum);
    return countNonFinite(sum);
  };

  return {
    ...referenceElementwise(memory),
    ...referenceColumns(memory),
    ...referenceImportance(memory),
    ...referenceStored(memory),
    ...referenceLowRank(memory),
    ...referenceRowRank(memory),
    gramOfTwoF32: gramOfTwo("F32"),
    gramOfTwoBF16: gramOfTwo("BF16"),
    gramOfTwoF16: gramOfTwo("F16"),
    combineOneF32: (a, x, out, s, c, n, work) => combine("F32", a, [[x, c]], out, s, n, work),
    combineOneBF16: (a, x, out, s, c, n, work) => combine("BF16", a, [[x, c]], out, s, n, work),
    combineOneF16: (a, x, out, s, c, n, work) => combine("F16", a, [[x, c]], out, s, n, work),
    combineTwoF32: (a, x, y, out, s, c, d, n, work) =>
      combine(
        "F32",
        a,
        [
          [x, c],
          [y, d],
        ],
        out,
        s,
        n,
        work,
      ),
    combineTwoBF16: (a, x, y, out, s, c, d, n, work) =>
      combine(
        "BF16",
        a,
        [
          [x, c],
          [y, d],
        ],
        out,
        s,
        n,
        work,
      ),
    combineTwoF16: (a, x, y, out, s, c, d, n, work) =>
      combine(
        "F16",
        a,
        [
          [x, c],
          [y, d],
        ],
        out,
        s,
        n,
        work,
      ),
    decodeBF16: (src, dst, n) => f32(dst, n).set(half("BF16", src, n)),
    decodeF16: (src, dst, n) => f32(dst, n).set(half("F16", src, n)),
    widen: (src, dst, n) => f64(dst, n).set(f32(src, n)),
    demote: (src, dst, n) => f32(dst, n).set(f64(src, n).slice()),
    demoteToOdd: (src, dst, n) => f32(dst, n).set(f64(src, n).slice().map(roundToOdd)),

    scaleF32: (a, dst, s, n) => f32(dst, n).set(f32(a, n).map((value) => fround(s) * value)),
    scaleF64: (a, dst, s, n) => f64(dst, n).set(f64(a, n).map((value) => s * value)),
    addDeltaF32: (x, a, acc, c, n) => addDelta(f32(x, n), a, acc, c, n),
    addDeltaBF16: (x, a, acc, c, n) => addDelta(half("BF16", x, n), a, acc, c, n),
    addDeltaF16: (x, a, acc, c, n) => addDelta(half("F16", x, n), a, acc, c, n),
    addDeltaF64: (x, a, acc, c, n) => {
      const [value, anchor, sum] = [f64(x, n), f64(a, n), f64(acc, n)];
      for (let i = 0; i < n; i++)
        sum[i] = at(sum, i) - Math.abs(c) * deltaAgainst(c, at(value, i), at(anchor, i));
    },
    subtractF32: (x, a, dst, n) => subtract(f32(x, n), f32(a, n), f32(dst, n)),
    subtractBF16: (x, a, dst, n) => subtract(half("BF16", x, n), f32(a, n), f32(dst, n)),
    subtractF16: (x, a, dst, n) => subtract(half("F16", x, n), f32(a, n), f32(dst, n)),
    subtractF64: (x, a, dst, n) => subtract(f64(x, n), f64(a, n), f64(dst, n)),

    dot: (a, b, n) => blockedDot(f32(a, n), f32(b, n)),
    dotPair: (a, b, n, out) => {
      const [x, y] = [f32(a, n), f32(b, n)];
      f64(out, 3).set([blockedDot(x, x), blockedDot(x, y), blockedDot(y, y)]);
    },
    dotThree: (a, b, c, n, out) => {
      const vectors = [f32(a, n), f32(b, n), f32(c, n)];
      f64(out, 6).set(vectors.flatMap((x, i) => vectors.slice(i).map((y) => blockedDot(x, y))));
    },
    dotWide: (a, b, n) => plainDot(f32(a, n), f32(b, n)),
    dotF64: (a, b, n) => plainDot(f64(a, n), f64(b, n)),

    encodeBF16: (src, dst, n) => encode("BF16", src, dst, n),
    encodeF16: (src, dst, n) => encode("F16", src, dst, n),
    encodeF32: (src, dst, n) => {
      f32(dst, n).set(f32(src, n));
      return countNonFinite(f32(dst, n));
    },
    countNonFiniteBF16: (ptr, n) => countNonFinite(half("BF16", ptr, n)),
    countNonFiniteF16: (ptr, n) => countNonFinite(half("F16", ptr, n)),
    countNonFiniteF32: (ptr, n) => countNonFinite(f32(ptr, n)),
    countNonFiniteF64: (ptr, n) => countNonFinite(f64(ptr, n)),
  };
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}

/** The difference whose multiple by |c| is to be subtracted: +0, not -0, where x equals a. */
function deltaAgainst(c: number, x: number, a: number): number {
  return c > 0 ? a - x : x - a;
}

function countNonFinite(values: Float32Array | Float64Array): number {
  let count = 0;
  for (const value of values) if (!Number.isFinite(value)) count++;
  return count;
}

function blockedDot(x: Float32Array, y: Float32Array): number {
  let total = 0;
  const whole = x.length - (x.length % LANES);
  for (let start = 0; start < whole; start += BLOCK) {
    const lanes = new Float32Array(LANES);
    for (let i = start; i < Math.min(start + BLOCK, whole); i++) {
      const lane = i % LANES;
      lanes[lane] = fround(at(lanes, lane) + fround(at(x, i) * at(y, i)));
    }
    for (const sum of lanes) total += sum;
  }
  for (let i = whole; i < x.length; i++) total += fround(at(x, i) * at(y, i));
  return total;
}

function plainDot(x: Float32Array | Float64Array, y: Float32Array | Float64Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const product = at(x, i) * at(y, i);
    if (Number.isFinite(product)) total += product;
  }
  return total;
}

const word = new DataView(new ArrayBuffer(4));

function roundToOdd(x: number): number {
  const nearest = fround(x);
  if (nearest === x || Number.isNaN(x)) return nearest;
  word.setFloat32(0, nearest);
  const bits = Math.abs(nearest) > Math.abs(x) ? word.getUint32(0) - 1 : word.getUint32(0);
  word.setUint32(0, bits | 1);
  return word.getFloat32(0);
}
