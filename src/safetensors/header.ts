import type { ErrorCode } from "../errors.ts";
import { DTYPE_BITS, isDtype } from "../tensor/dtype.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { brief, failureOf, quote, refuseLfsPointer } from "./failure.ts";
import type { Fail } from "./failure.ts";
import { JsonReader } from "./json-reader.ts";

/** Bytes before the header: its length, a little-endian 64-bit integer. */
export const LENGTH_BYTES = 8;
/** The format's own limit, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Bytes of "{}". */
const MIN_HEADER_BYTES = 2;
export const METADATA_KEY = "__metadata__";

export interface HeaderTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Byte range [begin, end), counted from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes, which they cover without gap or overlap. */
  readonly tensors: readonly HeaderTensor[];
  /** Where the data starts in the file. */
  readonly dataOffset: number;
}

interface RawEntry {
  dtype?: string;
  shape?: string;
  data_offsets?: string;
}

/** Length of the header's JSON from the file's first eight bytes, checked before anything of that size is read. */
export function headerLength(start: Uint8Array, fileByteLength: number, file: string): number {
  const fail = failureOf(file);
  if (fileByteLength < LENGTH_BYTES || start.length < LENGTH_BYTES) {
    const what =
      fileByteLength === 0 ? "the file is empty" : `a file of ${fileByteLength} bytes has no header`;
    throw fail("FORMAT_TRUNCATED", what, "Download or copy the file again.");
  }
  refuseLfsPointer(start, fail);
  const length = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    const what = `a header of ${String(length)} bytes is above the format's limit of ${MAX_HEADER_BYTES}`;
    throw fail("FORMAT_HEADER_LENGTH", what, "The file is damaged or not in the safetensors format.");
  }
  if (length < MIN_HEADER_BYTES || Number(length) > fileByteLength - LENGTH_BYTES) {
    const what = `a header of ${String(length)} bytes is impossible in a file of ${fileByteLength} bytes`;
    throw fail(
      "FORMAT_HEADER_LENGTH",
      what,
      "The file is cut short, damaged or not in the safetensors format.",
    );
  }
  return Number(length);
}

/**
 * Parses and checks the header's JSON (without the eight bytes before it) by every rule of the reference
 * implementation, and refuses duplicate keys, which that one may overlook. `file` is for messages.
 */
export function parseHeader(bytes: Uint8Array, fileByteLength: number, file: string): SafetensorsHeader {
  const fail = failureOf(file);
  const { metadata, tensors } = readMembers(decode(bytes, fail), fail);
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataOffset = LENGTH_BYTES + bytes.length;
  checkCoverage(tensors, fileByteLength - dataOffset, fail);
  // fromEntries defines own properties, so a key "__proto__" stays a key.
  return { metadata: Object.fromEntries(metadata), tensors, dataOffset };
}

function decode(bytes: Uint8Array, fail: Fail): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.startsWith("{")) return text;
  } catch {
    throw fail("FORMAT_HEADER_JSON", "the header is not UTF-8");
  }
  throw fail("FORMAT_HEADER_JSON", 'the header does not start with "{"');
}

function readMembers(text: string, fail: Fail) {
  const reader = new JsonReader(text, (what, at) =>
    fail("FORMAT_HEADER_JSON", `the header is not valid JSON: ${what} at character ${at}`),
  );
  const tensors = new Map<string, HeaderTensor>();
  let metadata: Map<string, string> | undefined;
  reader.object((name) => {
    if (name === METADATA_KEY) {
      if (metadata !== undefined) throw fail("FORMAT_METADATA", `${METADATA_KEY} stands twice`);
      metadata = readMetadata(reader, fail);
    } else if (tensors.has(name)) {
      throw fail("FORMAT_DUPLICATE_NAME", `the header names tensor ${quote(name)} twice`);
    } else {
      tensors.set(name, checkEntry(name, readEntry(name, reader, fail), fail));
    }
  });
  reader.end();
  return { metadata: metadata ?? new Map<string, string>(), tensors: [...tensors.values()] };
}

function readMetadata(reader: JsonReader, fail: Fail): Map<string, string> {
  const metadata = new Map<string, string>();
  if (reader.peek() === "n") {
    reader.value(); // The reference implementation takes null for "no metadata".
    return metadata;
  }
  if (reader.peek() !== "{") throw fail("FORMAT_METADATA", `${METADATA_KEY} is not a map`);
  reader.object((key) => {
    if (metadata.has(key)) throw fail("FORMAT_METADATA", `${METADATA_KEY} has ${quote(key)} twice`);
    if (reader.peek() !== '"')
      throw fail("FORMAT_METADATA", `${METADATA_KEY}: ${quote(key)} is not a string`);
    metadata.set(key, reader.string());
  });
  return metadata;
}

function readEntry(name: string, reader: JsonReader, fail: Fail): RawEntry {
  const at = `tensor ${quote(name)}`;
  if (reader.peek() !== "{") throw fail("FORMAT_HEADER_JSON", `${at} is not described by an object`);
  const entry: RawEntry = {};
  reader.object((key) => {
    // Other keys are skipped, as the reference implementation does.
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") return void reader.value();
    if (entry[key] !== undefined) throw fail("FORMAT_HEADER_JSON", `${at} has ${key} twice`);
    entry[key] = key === "dtype" && reader.peek() === '"' ? reader.string() : reader.value();
  });
  return entry;
}

function checkEntry(name: string, entry: RawEntry, fail: Fail): HeaderTensor {
  const broken = (code: ErrorCode, what: string) => fail(code, `tensor ${quote(name)} ${what}`);
  for (const key of ["dtype", "shape", "data_offsets"] as const) {
    if (entry[key] === undefined) throw broken("FORMAT_HEADER_JSON", `has no ${key}`);
  }
  const { dtype = "", shape: shapeText = "", data_offsets: offsetsText = "" } = entry;
  if (!isDtype(dtype)) throw broken("FORMAT_DTYPE", `has the unknown dtype ${quote(dtype)}`);
  const shape = integers(shapeText);
  if (shape === undefined) {
    throw broken("FORMAT_SHAPE", `has shape ${brief(shapeText)}, not a list of non-negative integers`);
  }
  const [begin, end, ...others] = integers(offsetsText) ?? [];
  if (begin === undefined || end === undefined || others.length > 0) {
    throw broken("FORMAT_OFFSETS", `has data_offsets ${brief(offsetsText)}, not two non-negative integers`);
  }
  if (end < begin) throw broken("FORMAT_OFFSETS", `ends at byte ${end}, before its start at byte ${begin}`);
  const bits = bitCount(dtype, shape);
  if (bits === undefined)
    throw broken("FORMAT_SHAPE", `has shape ${brief(shapeText)}, more than any file can hold`);
  if (bits !== (end - begin) * 8) {
    const need = `${bits % 8 === 0 ? `${bits / 8} bytes` : `${bits} bits`} for ${dtype} of shape ${brief(shapeText)}`;
    throw broken("FORMAT_SIZE", `needs ${need}, but its offsets span ${end - begin} bytes`);
  }
  return { name, dtype, shape, begin, end };
}

/** Size of a tensor in bits, or undefined where it overflows exact integers at any step, as the reference does. */
function bitCount(dtype: Dtype, shape: Shape): number | undefined {
  let bits: number = DTYPE_BITS[dtype];
  for (const size of shape) {
    bits *= size;
    if (!Number.isSafeInteger(bits)) return undefined;
  }
  return bits;
}

function checkCoverage(tensors: readonly HeaderTensor[], dataByteLength: number, fail: Fail): void {
  let covered = 0;
  let last = "";
  for (const { name, begin, end } of tensors) {
    if (begin < covered) {
      throw fail(
        "FORMAT_OFFSETS",
        `tensor ${quote(name)} starts at byte ${begin}, inside tensor ${quote(last)}`,
      );
    }
    if (begin > covered) {
      const what = `bytes ${covered} to ${begin} before tensor ${quote(name)} belong to no tensor`;
      throw fail("FORMAT_OFFSETS", what);
    }
    covered = end;
    last = name;
  }
  if (covered > dataByteLength) {
    const missing = covered - dataByteLength;
    const what = `${missing} of ${covered} data bytes are missing; the file ends before the end of tensor ${quote(last)}`;
    throw fail("FORMAT_TRUNCATED", what, "The download or copy was not complete: fetch the file again.");
  }
  if (covered < dataByteLength) {
    throw fail("FORMAT_OFFSETS", `${dataByteLength - covered} bytes at the end belong to no tensor`);
  }
}

/** A list of plainly written, exactly representable non-negative integers, from valid JSON; else undefined. */
function integers(json: string): number[] | undefined {
  if (!/^\[[\d\s,]*\]$/.test(json)) return undefined;
  const list = JSON.parse(json) as number[];
  return list.every(Number.isSafeInteger) ? list : undefined;
}
