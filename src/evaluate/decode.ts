import { EvaluateError } from "../errors.ts";
import { decodeHalfBits } from "../tensor/half.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { HalfDtype } from "../tensor/half.ts";

const halfValues = new Map<HalfDtype, Float32Array>();

/** The values of all 65,536 patterns: a look-up is ten times as fast as decoding. */
function halfTable(dtype: HalfDtype): Float32Array {
  const known = halfValues.get(dtype);
  if (known !== undefined) return known;
  const table = Float32Array.from({ length: 65_536 }, (_, bits) => decodeHalfBits(dtype, bits));
  halfValues.set(dtype, table);
  return table;
}

/** Elements as they lie in a file, little-endian, to F32; `name` is for messages. */
export function decodeF32(dtype: Dtype, bytes: Uint8Array, name: string): Float32Array {
  const buffer = alignedBuffer(bytes);
  if (dtype === "F32") return new Float32Array(buffer, 0, bytes.length / 4);
  if (dtype === "F64") return Float32Array.from(new Float64Array(buffer, 0, bytes.length / 8));
  if (dtype === "F16" || dtype === "BF16") {
    const table = halfTable(dtype);
    return Float32Array.from(new Uint16Array(buffer, 0, bytes.length / 2), (bits) => table[bits] ?? 0);
  }
  const hint = "Convert the model to float16, bfloat16 or float32, or let a program of your own evaluate it.";
  const message = `${name} has the dtype ${dtype}, which no network here computes with`;
  throw new EvaluateError("EVALUATE_MODEL", message, { where: name, hint });
}

/** Whole numbers as they lie in a file, to Int32; undefined for a dtype that is none or a number that is too large. */
export function decodeInt32(dtype: Dtype, bytes: Uint8Array): Int32Array | undefined {
  if (dtype === "U8") return Int32Array.from(bytes);
  const buffer = alignedBuffer(bytes);
  if (dtype === "I32") return new Int32Array(buffer, 0, bytes.length / 4);
  if (dtype !== "I64") return undefined;
  const wide = new BigInt64Array(buffer, 0, bytes.length / 8);
  return wide.some((value) => BigInt.asIntN(32, value) !== value) ? undefined : Int32Array.from(wide, Number);
}

/** Elements of several bytes can be seen only where they start at a multiple of their size. */
function alignedBuffer(bytes: Uint8Array): ArrayBufferLike {
  return bytes.byteOffset === 0 ? bytes.buffer : bytes.slice().buffer;
}
