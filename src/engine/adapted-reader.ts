import { EngineError } from "../errors.ts";
import type { LowRank } from "../sources/types.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { columnCount } from "../tensor/shape.ts";
import { decodeHalfBits } from "../tensor/half.ts";
import type { PlannedSource } from "../plan/types.ts";
import type { ReaderSetup } from "./reading.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";

/** Scratch 1 to 4 holds a piece of the right matrix, 5 a row of the left one, 6 part of a row of the result; all f32. */
const RIGHT = { first: 1, floats: 4 * SEGMENT_ELEMENTS * 2 };
const LEFT = 5;
const PART = 6;

type AdaptedTensor = Pick<PlannedSource, "model" | "tensor" | "shape">;
type Matrix = LowRank["left"];

interface Rectangle {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/**
 * Reads weights with a LoRA adapter in them, W + scale * left * right in f32 (Hu et al., 2021), a range at a time: of the
 * adapter no more is in memory than a piece of the right matrix and the rows of the left one that the range needs.
 */
export class AdaptedReader {
  readonly #of: ReaderSetup;

  constructor(of: ReaderSetup) {
    this.#of = of;
  }

  /** `readStored` brings a range of what is stored to an address, as f32. */
  read(
    operand: AdaptedTensor,
    lowRank: LowRank,
    range: Range,
    address: number,
    readStored: (range: Range, address: number) => void,
  ): void {
    readStored(range, address);
    this.#add(operand, lowRank, range, address);
    if (lowRank.magnitude !== undefined)
      this.#rescale(operand, lowRank, lowRank.magnitude, range, address, readStored);
  }

  #add(operand: AdaptedTensor, lowRank: LowRank, { begin, end }: Range, address: number): void {
    const width = columnCount(operand.shape);
    const { rank, scale } = lowRank;
    const [first, last] = [Math.floor(begin / width), Math.ceil(end / width)];
    const left = this.#matrix(operand, lowRank.left, {
      row: first,
      rows: last - first,
      column: 0,
      columns: rank,
    });
    const piece = Math.max(4, Math.floor(RIGHT.floats / rank / 4) * 4);
    const [rightAt, leftAt] = [this.#of.scratch(RIGHT.first), this.#of.scratch(LEFT)];
    for (let column = 0; column < width; column += piece) {
      const columns = Math.min(piece, width - column);
      const right = this.#matrix(operand, lowRank.right, { row: 0, rows: rank, column, columns });
      this.#floats(rightAt, right.length).set(right);
      for (let row = first; row < last; row++) {
        const from = Math.max(begin, row * width + column);
        const to = Math.min(end, row * width + column + columns);
        if (from >= to) continue;
        this.#floats(leftAt, rank).set(left.subarray((row - first) * rank, (row - first + 1) * rank));
        const skipped = from - (row * width + column);
        const target = address + (from - begin) * 4;
        this.#of.kernels.addLowRank(leftAt, rightAt + skipped * 4, columns, rank, target, scale, to - from);
      }
    }
  }

  /** DoRA: gives each row the length that the adapter learnt; rows that the range cuts are measured as a whole. */
  #rescale(
    operand: AdaptedTensor,
    lowRank: LowRank,
    magnitude: Matrix,
    { begin, end }: Range,
    address: number,
    readStored: (range: Range, address: number) => void,
  ): void {
    const width = columnCount(operand.shape);
    const [first, last] = [Math.floor(begin / width), Math.ceil(end / width)];
    const lengths = this.#matrix(operand, magnitude, {
      row: first,
      rows: last - first,
      column: 0,
      columns: 1,
    });
    for (let row = first; row < last; row++) {
      const [from, to] = [Math.max(begin, row * width), Math.min(end, (row + 1) * width)];
      const seen = this.#floats(address + (from - begin) * 4, to - from);
      const whole = to - from === width ? seen : this.#wholeRow(operand, lowRank, row, width, readStored);
      let square = 0;
      for (const value of whole) square += value * value;
      const factor = (lengths[row - first] ?? NaN) / Math.sqrt(square);
      for (let i = 0; i < seen.length; i++) seen[i] = (seen[i] ?? NaN) * factor;
    }
  }

  #wholeRow(
    operand: AdaptedTensor,
    lowRank: LowRank,
    row: number,
    width: number,
    readStored: (range: Range, address: number) => void,
  ): Float32Array {
    const values = new Float32Array(width);
    const scratch = this.#of.scratch(PART);
    for (let at = 0; at < width; at += SEGMENT_ELEMENTS) {
      const n = Math.min(SEGMENT_ELEMENTS, width - at);
      const range = { begin: row * width + at, end: row * width + at + n };
      readStored(range, scratch);
      this.#add(operand, lowRank, range, scratch);
      values.set(this.#floats(scratch, n), at);
    }
    return values;
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#of.memory.buffer, address, length);
  }

  /** A rectangle of a matrix, row after row; read in stretches along the dimension that lies without gaps. */
  #matrix(
    { model, tensor }: AdaptedTensor,
    matrix: Matrix,
    { row, rows, column, columns }: Rectangle,
  ): Float32Array {
    const { file: position, dtype, offset, rowStride, columnStride } = matrix;
    const file = this.#of.setup.models[model]?.files[position];
    if (file === undefined) throw new EngineError("INTERNAL", `No adapter for ${tensor}`);
    const size = bytesPerElement(dtype);
    const out = new Float32Array(rows * columns);
    const along = columnStride === 1;
    const [stretches, length] = along ? [rows, columns] : [columns, rows];
    const bytes = new Uint8Array(length * size);
    for (let s = 0; s < stretches; s++) {
      const [i, j] = along ? [row + s, column] : [row, column + s];
      this.#of.files.read(file, bytes, 0, bytes.length, offset + (i * rowStride + j * columnStride) * size);
      const values = decoded(dtype, bytes);
      for (let k = 0; k < length; k++) out[along ? s * columns + k : k * columns + s] = values[k] ?? NaN;
    }
    return out;
  }
}

function decoded(dtype: Matrix["dtype"], bytes: Uint8Array): Float32Array {
  if (dtype === "F32") return new Float32Array(bytes.buffer, 0, bytes.length / 4);
  return Float32Array.from(new Uint16Array(bytes.buffer, 0, bytes.length / 2), (bits) =>
    decodeHalfBits(dtype, bits),
  );
}
