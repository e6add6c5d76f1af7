import { EngineError } from "../errors.ts";
import { BLOCK_COLUMNS, blockPosition } from "../kernels/low-rank.ts";
import type { PlannedSource } from "../plan/types.ts";
import type { AdapterMatrix, LowRank } from "../sources/types.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { decodeHalfBits } from "../tensor/half.ts";
import type { ReaderSetup } from "./reading.ts";

/** Of right matrices that a worker keeps, 8 MB: one of rank 64 for 16 models with rows of 2,048 elements. */
const MOST_KEPT_FLOATS = 2 ** 21;

/** A tensor that an adapter changes. */
export type AdaptedTensor = Pick<PlannedSource, "model" | "tensor" | "shape">;

export interface Rectangle {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Reads matrices of adapters, as f32. */
export class AdapterMatrices {
  readonly #of: Pick<ReaderSetup, "setup" | "files">;
  /** By where they lie, in the order of last use. */
  readonly #kept = new Map<string, Float32Array>();
  #keptFloats = 0;

  constructor(of: Pick<ReaderSetup, "setup" | "files">) {
    this.#of = of;
  }

  /** Columns of the right matrix in the blocks that the kernel wants; `column` is a multiple of BLOCK_COLUMNS. */
  rightBlocks(
    of: AdaptedTensor,
    { right, rank }: LowRank,
    width: number,
    { column, columns }: Pick<Rectangle, "column" | "columns">,
  ): Float32Array {
    const floats = Math.ceil(width / BLOCK_COLUMNS) * BLOCK_COLUMNS * rank;
    if (floats > MOST_KEPT_FLOATS)
      return blocksOf(this.rectangle(of, right, { row: 0, rows: rank, column, columns }), rank);
    const key = `${of.model} ${right.file} ${right.offset}`;
    const known = this.#kept.get(key);
    const whole =
      known ?? blocksOf(this.rectangle(of, right, { row: 0, rows: rank, column: 0, columns: width }), rank);
    this.#keep(key, whole, known === undefined);
    const end = Math.ceil((column + columns) / BLOCK_COLUMNS) * BLOCK_COLUMNS;
    return whole.subarray(column * rank, end * rank);
  }

  #keep(key: string, whole: Float32Array, isNew: boolean): void {
    this.#kept.delete(key);
    this.#kept.set(key, whole);
    if (isNew) this.#keptFloats += whole.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptFloats <= MOST_KEPT_FLOATS) break;
      this.#kept.delete(oldest);
      this.#keptFloats -= length;
    }
  }

  /** A rectangle of a matrix, row after row; in as few reads as there are stretches without gaps. */
  rectangle(of: AdaptedTensor, matrix: AdapterMatrix, wanted: Rectangle): Float32Array {
    const { row, rows, column, columns } = wanted;
    const { rowStride, columnStride } = matrix;
    const first = row * rowStride + column * columnStride;
    if (columnStride === 1) {
      const isWhole = rowStride === columns;
      return this.#stretches(
        of,
        matrix,
        first,
        isWhole ? [1, rows * columns, 0] : [rows, columns, rowStride],
      );
    }
    const isWhole = columnStride === rows;
    const turned = this.#stretches(
      of,
      matrix,
      first,
      isWhole ? [1, rows * columns, 0] : [columns, rows, columnStride],
    );
    const out = new Float32Array(turned.length);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) out[i * columns + j] = turned[j * rows + i] ?? NaN;
    return out;
  }

  /** So many stretches of equal length, one after the other; `first` and `step` count elements. */
  #stretches(
    { model, tensor }: AdaptedTensor,
    { file: position, dtype, offset }: AdapterMatrix,
    first: number,
    [count, length, step]: readonly [count: number, length: number, step: number],
  ): Float32Array {
    const file = this.#of.setup.models[model]?.files[position];
    if (file === undefined) throw new EngineError("INTERNAL", `No adapter for ${tensor}`);
    const size = bytesPerElement(dtype);
    const bytes = new Uint8Array(count * length * size);
    for (let s = 0; s < count; s++)
      this.#of.files.read(file, bytes, s * length * size, length * size, offset + (first + s * step) * size);
    return decoded(dtype, bytes);
  }
}

function decoded(dtype: AdapterMatrix["dtype"], { buffer, length }: Uint8Array): Float32Array {
  if (dtype === "F32") return new Float32Array(buffer, 0, length / 4);
  const bits = new Uint16Array(buffer, 0, length / 2);
  // Most adapters are BF16, whose bits are the upper half of those of F32.
  const words = new Uint32Array(bits.length);
  const out = new Float32Array(words.buffer);
  for (let i = 0; i < bits.length; i++) {
    if (dtype === "BF16") words[i] = (bits[i] ?? 0) << 16;
    else out[i] = decodeHalfBits(dtype, bits[i] ?? 0);
  }
  return out;
}

function blocksOf(matrix: Float32Array, rank: number): Float32Array {
  const columns = matrix.length / rank;
  const out = new Float32Array(Math.ceil(columns / BLOCK_COLUMNS) * BLOCK_COLUMNS * rank);
  for (let k = 0; k < rank; k++)
    for (let j = 0; j < columns; j++) out[blockPosition(rank, k, j)] = matrix[k * columns + j] ?? NaN;
  return out;
}
