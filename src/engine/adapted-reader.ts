import { BLOCK_COLUMNS } from "../kernels/low-rank.ts";
import type { LowRank } from "../sources/types.ts";
import { columnCount } from "../tensor/shape.ts";
import { AdapterMatrices } from "./adapter-matrices.ts";
import type { AdaptedTensor, Rectangle } from "./adapter-matrices.ts";
import type { ReaderSetup } from "./reading.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";

/**
 * Scratch 1 to 4 holds a piece of the right matrix, 5 rows of the left one, 6 part of a row of the result; all f32, and
 * room for eight columns and a row at the largest rank that adapters may have, 4,096.
 */
const RIGHT = { first: 1, floats: 4 * SEGMENT_ELEMENTS * 2 };
const LEFT = { first: 5, floats: SEGMENT_ELEMENTS * 2 };
const PART = 6;

type Matrix = LowRank["left"];

/**
 * Reads weights with a LoRA adapter in them, W + scale * left * right in f32 (Hu et al., 2021), a range at a time: of the
 * adapter no more is in memory than a piece of the right matrix and the rows of the left one that the range needs.
 */
export class AdaptedReader {
  readonly #of: ReaderSetup;
  readonly #matrices: AdapterMatrices;

  constructor(of: ReaderSetup) {
    this.#of = of;
    this.#matrices = new AdapterMatrices(of);
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
    const { rank } = lowRank;
    const last = Math.ceil(end / width);
    const step = Math.floor(LEFT.floats / rank);
    const piece = Math.floor(RIGHT.floats / rank / BLOCK_COLUMNS) * BLOCK_COLUMNS;
    for (let row = Math.floor(begin / width); row < last; row += step) {
      const rows = Math.min(step, last - row);
      const left = this.#matrices.rectangle(operand, lowRank.left, { row, rows, column: 0, columns: rank });
      this.#floats(this.#of.scratch(LEFT.first), left.length).set(left);
      for (let column = 0; column < width; column += piece) {
        const columns = Math.min(piece, width - column);
        const at = row * width + column;
        if (rows === 1 && (at + columns <= begin || at >= end)) continue;
        const right = this.#matrices.rightBlocks(operand, lowRank, width, { column, columns });
        this.#floats(this.#of.scratch(RIGHT.first), right.length).set(right);
        this.#addPiece(lowRank, { row, rows, column, columns }, width, { begin, end }, address);
      }
    }
  }

  /** Adds to what the range has of a rectangle: a row that it cuts alone, rows that it has whole together. */
  #addPiece(
    { rank, scale }: LowRank,
    { row: first, rows, column, columns }: Rectangle,
    width: number,
    { begin, end }: Range,
    address: number,
  ): void {
    const [left, right] = [this.#of.scratch(LEFT.first), this.#of.scratch(RIGHT.first)];
    const isWhole = (row: number) => {
      const from = row * width + column;
      return row < first + rows && from >= begin && from + columns <= end;
    };
    for (let row = first, count = 1; row < first + rows; row += count, count = 1) {
      const start = row * width + column;
      const [from, to] = [Math.max(begin, start), Math.min(end, start + columns)];
      if (from >= to) continue;
      if (isWhole(row)) while (isWhole(row + count)) count++;
      const target = address + (from - begin) * 4;
      const rowLeft = left + (row - first) * rank * 4;
      this.#of.kernels.addLowRank(
        ...([rowLeft, right, rank, from - start, target, width, count, scale, to - from] as const),
      );
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
    const lengths = this.#matrices.rectangle(operand, magnitude, {
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
}
