import { readFileSync } from "node:fs";
import { readCheckpoint } from "../../src/pytorch/checkpoint.ts";
import type { Checkpoint, CheckpointTensor } from "../../src/pytorch/checkpoint.ts";
import type { ReadableFile } from "../../src/pytorch/readable-file.ts";
import { bytesPerElement } from "../../src/tensor/dtype.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import { gatherRuns } from "../../src/tensor/strides.ts";

export const FIXTURES = "test/pytorch/fixtures";

export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly hex: string;
}

/** What torch itself read from the fixtures when they were made. */
export const expected = JSON.parse(readFileSync(`${FIXTURES}/expected.json`, "utf8")) as Record<
  string,
  { readonly keyPath: readonly string[]; readonly tensors: Readonly<Record<string, ExpectedTensor>> }
>;

/** A file in memory that notes what is read of it; a read beyond its end is a defect of the reader. */
export function readable(bytes: Uint8Array): ReadableFile & { readonly reads: [number, number][] } {
  const reads: [number, number][] = [];
  const read = async (offset: number, byteLength: number): Promise<Uint8Array> => {
    if (!(offset >= 0 && offset + byteLength <= bytes.length))
      throw new RangeError(`${offset}+${byteLength}`);
    reads.push([offset, byteLength]);
    return await Promise.resolve(bytes.subarray(offset, offset + byteLength));
  };
  return { byteLength: bytes.length, read, reads };
}

export async function readBytes(bytes: Uint8Array, name = "test.pt"): Promise<Checkpoint> {
  return await readCheckpoint(readable(bytes), name);
}

/** The elements of a tensor in row-major order, as hex. */
export function hexOf(file: Uint8Array, { dtype, shape, offset, strides, byteLength }: CheckpointTensor) {
  if (strides === undefined) return Buffer.from(file.subarray(offset, offset + byteLength)).toString("hex");
  const size = bytesPerElement(dtype);
  const out = Buffer.alloc(byteLength);
  for (const run of gatherRuns(shape, strides, 0, elementCount(shape))) {
    for (let k = 0; k < run.count; k++) {
      const from = offset + (run.source + k * run.sourceStep) * size;
      out.set(file.subarray(from, from + size), (run.target + k * run.targetStep) * size);
    }
  }
  return out.toString("hex");
}
