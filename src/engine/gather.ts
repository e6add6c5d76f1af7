import { gatherRuns } from "../tensor/strides.ts";
import type { Strides } from "../tensor/strides.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Range } from "./segments.ts";

/** Read at once and picked from; as much as a few thousand rows of a transposed matrix give per column. */
const BUFFER_BYTES = 65_536;

/** Fills `byteLength` bytes at `address` of `target` from a byte position of a file. */
export type ReadInto = (target: Uint8Array, address: number, byteLength: number, position: number) => void;

/** A tensor whose elements do not lie row after row. */
export interface StridedTensor {
  readonly shape: Shape;
  /** In elements. */
  readonly strides: Strides;
  readonly elementBytes: number;
  /** Of the first element, in the file. */
  readonly offset: number;
}

/** Brings a range of elements together in row-major order, in memory that depends on neither range nor tensor. */
export function gather(
  { shape, strides, elementBytes, offset }: StridedTensor,
  { begin, end }: Range,
  target: Uint8Array,
  address: number,
  read: ReadInto,
): void {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (const run of gatherRuns(shape, strides, begin, end)) {
    const step = run.sourceStep * elementBytes;
    const targetStep = run.targetStep * elementBytes;
    const position = offset + run.source * elementBytes;
    const at = address + run.target * elementBytes;
    if (step === elementBytes && targetStep === elementBytes) {
      read(target, at, run.count * elementBytes, position);
      continue;
    }
    const most = step === 0 ? run.count : Math.max(1, Math.floor(BUFFER_BYTES / step));
    for (let first = 0; first < run.count; first += most) {
      const count = Math.min(most, run.count - first);
      read(buffer, 0, (count - 1) * step + elementBytes, position + first * step);
      for (let k = 0; k < count; k++) {
        const to = at + (first + k) * targetStep;
        for (let byte = 0; byte < elementBytes; byte++) target[to + byte] = buffer[k * step + byte] ?? 0;
      }
    }
  }
}
