import { EngineError } from "../errors.ts";
import type { AddedProduct, PlannedInput, PlannedRows, PlannedSource } from "../plan/types.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { columnCount } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import { AVERAGE, MEAN, ZERO } from "../tokenizer/row-map.ts";
import { AdaptedReader } from "./adapted-reader.ts";
import { gather } from "./gather.ts";
import type { ReaderSetup, ReadOperand } from "./reading.ts";
import { rowPieces } from "./row-pieces.ts";
import type { RowPiece, SharedAlignment } from "./row-pieces.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";

/** 0 and 1 are for decoding, those up to 6 for adapters: a mean may be of means, and both of rows with an adapter. */
const SCRATCH = { adapted: 7, average: 8, mean: 9 };

/** Where a tensor's elements are. */
type Stored = Pick<PlannedInput, "model" | "tensor" | "file" | "dtype" | "offset" | "strides">;

/** Brings ranges of an input's elements into memory, from wherever they lie. */
export class OperandReader {
  readonly #of: ReaderSetup;
  #bytes: Uint8Array;
  /** By what the rows are made from: one for each input with padding to a multiple. */
  readonly #means = new Map<string, Float64Array>();

  readonly #adapted: AdaptedReader;

  constructor(of: ReaderSetup) {
    this.#of = of;
    this.#adapted = new AdaptedReader(of);
    this.#bytes = new Uint8Array(of.memory.buffer);
  }

  /** All memory: one view for all reads, of which there may be one for each token. */
  get #memory(): Uint8Array {
    const { buffer } = this.#of.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  /** Reads elements of the input's tensor to an address. */
  read(operand: ReadOperand, range: Range, address: number): void {
    const { input, elementBytes, shape } = operand;
    if (input.lowRank !== undefined) {
      this.#converted({ ...input, shape }, input, range, address);
      return;
    }
    if (input.rows === undefined) {
      this.#stored(input, shape, elementBytes, range, address);
      return;
    }
    const { rows } = input;
    const alignment = this.#of.setup.alignments[rows.alignment];
    const map = alignment?.maps[rows.map];
    if (alignment === undefined || map === undefined)
      throw new EngineError("INTERNAL", `No rows for ${input.tensor}`);
    for (const piece of rowPieces(map, columnCount(shape), range))
      this.#piece(operand, rows, alignment, piece, address + piece.at * elementBytes);
  }

  #piece(
    operand: ReadOperand,
    rows: PlannedRows,
    alignment: SharedAlignment,
    piece: RowPiece,
    address: number,
  ): void {
    const { input, elementBytes, shape } = operand;
    const { origin, row, column, length } = piece;
    if (origin === ZERO) {
      this.#memory.fill(0, address, address + length * elementBytes);
    } else if (origin === MEAN) {
      this.#repeat(
        this.#meanOf(operand, alignment.vocabularyLength),
        column,
        this.#floats(input, address, length),
      );
    } else if (origin === AVERAGE) {
      this.#average(operand, rows, alignment, piece, address);
    } else {
      const begin = row * columnCount(shape) + column;
      this.#converted(sourceOf(rows, origin), input, { begin, end: begin + length }, address);
    }
  }

  /** Reads elements, as an adapter changes them if there is one, and brings them to the input's dtype. */
  #converted(
    source: PlannedSource,
    { dtype }: Pick<PlannedInput, "dtype">,
    { begin, end }: Range,
    address: number,
  ): void {
    const size = bytesPerElement(source.dtype);
    if (source.lowRank !== undefined && source.dtype === dtype) {
      const stored = storedOf(source, source.lowRank);
      this.#adapted.read(source, source.lowRank, { begin, end }, address, (part, to) =>
        this.#converted(stored, source, part, to),
      );
      return;
    }
    if (source.dtype === dtype) {
      this.#stored(source, source.shape, size, { begin, end }, address);
      return;
    }
    const { kernels, scratch } = this.#of;
    const wide = dtype === "F64";
    for (let at = begin; at < end; at += SEGMENT_ELEMENTS) {
      const n = Math.min(SEGMENT_ELEMENTS, end - at);
      const target = address + (at - begin) * bytesPerElement(dtype);
      if (source.lowRank !== undefined) {
        this.#converted(source, source, { begin: at, end: at + n }, scratch(SCRATCH.adapted));
        kernels.widen(scratch(SCRATCH.adapted), target, n);
        continue;
      }
      this.#stored(source, source.shape, size, { begin: at, end: at + n }, scratch(0));
      const floats = wide && source.dtype !== "F32" ? scratch(1) : target;
      if (source.dtype === "BF16") kernels.decodeBF16(scratch(0), floats, n);
      else if (source.dtype === "F16") kernels.decodeF16(scratch(0), floats, n);
      if (wide) kernels.widen(source.dtype === "F32" ? scratch(0) : floats, target, n);
    }
  }

  /** The mean of rows of several models, summed in their order in f64. */
  #average(
    { input, elementBytes, shape }: ReadOperand,
    rows: PlannedRows,
    { averages }: SharedAlignment,
    { row: entry, column, length }: RowPiece,
    address: number,
  ): void {
    const rowLength = columnCount(shape);
    const scratch = this.#of.scratch(SCRATCH.average);
    for (let done = 0; done < length;) {
      const at = column + done;
      const [of, from] = [entry + Math.floor(at / rowLength), at % rowLength];
      const n = Math.min(SEGMENT_ELEMENTS, rowLength - from, length - done);
      const [first = 0, last = 0] = [averages.starts[of], averages.starts[of + 1]];
      const sums = new Float64Array(n);
      for (let k = first; k < last; k++) {
        const begin = (averages.rows[k] ?? 0) * rowLength + from;
        this.#converted(sourceOf(rows, averages.models[k] ?? 0), input, { begin, end: begin + n }, scratch);
        const values = this.#floats(input, scratch, n);
        for (let i = 0; i < n; i++) sums[i] = (sums[i] ?? 0) + (values[i] ?? NaN);
      }
      const target = this.#floats(input, address + done * elementBytes, n);
      for (let i = 0; i < n; i++) target[i] = (sums[i] ?? NaN) / (last - first);
      done += n;
    }
  }

  /** The mean of the input's first rows, column by column, summed in their order in f64. */
  #meanOf(operand: ReadOperand, rowCount: number): Float64Array {
    const { input, shape } = operand;
    const key = keyOf(input);
    const known = this.#means.get(key);
    if (known !== undefined) return known;
    const rowLength = columnCount(shape);
    const sums = new Float64Array(rowLength);
    const count = rowCount * rowLength;
    const scratch = this.#of.scratch(SCRATCH.mean);
    for (let at = 0, column = 0; at < count; at += SEGMENT_ELEMENTS) {
      const n = Math.min(SEGMENT_ELEMENTS, count - at);
      this.read(operand, { begin: at, end: at + n }, scratch);
      for (const value of this.#floats(input, scratch, n)) {
        sums[column] = (sums[column] ?? 0) + value;
        column = column + 1 === rowLength ? 0 : column + 1;
      }
    }
    const mean = sums.map((sum) => sum / rowCount);
    this.#means.set(key, mean);
    return mean;
  }

  #repeat(row: Float64Array, column: number, target: Float32Array | Float64Array): void {
    for (let i = 0; i < target.length; i++) target[i] = row[(column + i) % row.length] ?? NaN;
  }

  /** A view of decoded elements: inputs with computed rows are F32 or F64. */
  #floats({ dtype }: PlannedInput, address: number, length: number): Float32Array | Float64Array {
    const { buffer } = this.#of.memory;
    return dtype === "F64"
      ? new Float64Array(buffer, address, length)
      : new Float32Array(buffer, address, length);
  }

  /** Reads elements as they are stored; `size` is 1 for dtypes that are handed through as bytes. */
  #stored(
    { model, tensor, file: position, dtype, offset, strides }: Stored,
    shape: Shape,
    size: number,
    { begin, end }: Range,
    address: number,
  ): void {
    const { setup, files, computed } = this.#of;
    const bytes = this.#memory;
    const made = computed[model];
    if (made !== undefined) {
      made.read(tensor, { begin, end }, bytes, address, this.#of.pass());
      return;
    }
    const file = setup.models[model]?.files[position];
    if (file === undefined) throw new EngineError("INTERNAL", `No file for ${tensor}`);
    if (strides === undefined) {
      files.read(file, bytes, address, (end - begin) * size, offset + begin * size);
      return;
    }
    const elementBytes = bytesPerElement(dtype);
    const range = { begin: (begin * size) / elementBytes, end: (end * size) / elementBytes };
    gather({ shape, strides, elementBytes, offset }, range, bytes, address, (...to) =>
      files.read(file, ...to),
    );
  }
}

/** What an adapter is added to. */
function storedOf(
  { model, tensor, shape, file, offset }: PlannedSource,
  { storedDtype: dtype }: AddedProduct,
): PlannedSource {
  return { model, tensor, dtype, shape, file, offset };
}

function sourceOf({ sources }: PlannedRows, origin: number): PlannedSource {
  const source = sources[origin];
  if (source === undefined) throw new EngineError("INTERNAL", `No rows of model ${origin}`);
  return source;
}

/** A tied embedding stands for a head, too, but with rows of other models' heads: their tensors tell the two apart. */
function keyOf({ rows }: PlannedInput): string {
  const tensors = (rows?.sources ?? []).map(({ model, tensor }) => `${model} ${tensor}`);
  return [rows?.alignment, rows?.map, ...tensors].join("\n");
}
