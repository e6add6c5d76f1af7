import { EngineError } from "../errors.ts";
import { FIRST_FREE_ADDRESS } from "../kernels/load.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { readRatios } from "../plan/reads.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { FileTable } from "./files.ts";
import { OperandReader } from "./operand-reader.ts";
import { elementOf, operandOf } from "./operands.ts";
import type { Operand } from "./operands.ts";
import type { WorkerSetup } from "./protocol.ts";
import type { ComputedModel } from "./reading.ts";
import type { Range, Strip } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";

/** Upper bound of the tiles of one worker, so that many models do not mean much memory. */
export const MOST_TILE_BYTES_IN_ALL = 96 * 2 ** 20;

const PAGE_BYTES = 65_536;
/** Room for a few f64 that a kernel returns. */
const RESULT_BYTES = 256;
/** Scratch that no decoding uses. */
const SPARE_SCRATCH = 6;
/** Scratch beside one vector for each operand: the anchor, the sum, one to widen through, and the spare ones. */
const EXTRA_SCRATCH = 3 + SPARE_SCRATCH;

const aligned = (address: number) => Math.ceil(address / 64) * 64;

/** Elements of a window that follow each other in the tensor too. */
interface Stretch {
  /** Position in the window. */
  readonly at: number;
  /** Position in the tensor. */
  readonly element: number;
  readonly length: number;
}

/**
 * A window on one tensor, or on a strip of its columns: the same range of elements of every operand and of the result,
 * as tiles in WebAssembly memory that are read from and written to files by position. Operands are numbered with the
 * base, if there is one, as 0.
 */
export class TileWindow {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly #files: FileTable;
  readonly #reader: OperandReader;
  readonly setup: WorkerSetup;
  /** By model: those that are in no file, and the bytes that are read for each byte of their tensors. */
  readonly computed: readonly (ComputedModel | undefined)[];
  readonly #ratios: readonly (ReadonlyMap<string, number> | undefined)[];
  #bytes: Uint8Array;

  /** The pass under way, for what is noted. */
  pass = "";

  tensor: PlannedTensor | undefined;
  operands: readonly Operand[] = [];
  outputDtype: FloatDtype = "F32";
  outputElementBytes = 4;
  /** Address of the tile of results. */
  output = 0;
  /** Address of a few f64 results of a kernel. */
  readonly results = FIRST_FREE_ADDRESS;
  /** Elements of a full window. */
  tileElements = 0;
  #scratch = 0;
  /** The elements in view; counted within the strip, row by row, if there is one. */
  range: Range = { begin: 0, end: 0 };
  #strip: Strip | undefined;
  #writeFrom: number | undefined;

  readBytes = 0;
  writtenBytes = 0;

  constructor(
    setup: WorkerSetup,
    memory: WebAssembly.Memory,
    kernels: Kernels,
    files: FileTable,
    computed: readonly (ComputedModel | undefined)[],
  ) {
    this.setup = setup;
    this.computed = computed;
    this.#ratios = setup.models.map(({ madeBy }) => madeBy && readRatios(madeBy));
    this.memory = memory;
    this.kernels = kernels;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#files = files;
    this.#reader = new OperandReader({
      ...{ setup, memory, kernels, files, computed },
      pass: () => this.pass,
      scratch: (k) => this.scratch(k),
    });
  }

  /** Lays out tiles and scratch for a tensor. */
  open(tensor: PlannedTensor, strip?: Strip): void {
    if (this.tensor === tensor && this.#strip === strip) return;
    this.flush();
    this.tensor = tensor;
    this.#strip = strip;
    const inputs = tensor.base === undefined ? tensor.inputs : [tensor.base, ...tensor.inputs];
    this.operands = inputs.map((input) => operandOf(input, this.#ratios[input.model]));
    ({ dtype: this.outputDtype, elementBytes: this.outputElementBytes } = elementOf(tensor.dtype));
    this.range = { begin: 0, end: 0 };
    this.#layOut();
  }

  #layOut(): void {
    const tiles = this.operands.length + 1;
    const widest = Math.max(this.outputElementBytes, ...this.operands.map((operand) => operand.elementBytes));
    const tileBytes = Math.min(this.setup.tileBytes, MOST_TILE_BYTES_IN_ALL / tiles);
    const segments = Math.max(1, Math.floor(tileBytes / widest / SEGMENT_ELEMENTS));
    this.tileElements = segments * SEGMENT_ELEMENTS;
    let address = aligned(this.results + RESULT_BYTES);
    for (const operand of this.operands) {
      operand.slot = address;
      address = aligned(address + this.tileElements * operand.elementBytes);
    }
    this.output = address;
    this.#scratch = aligned(address + this.tileElements * this.outputElementBytes);
    this.#ensureMemory(this.#scratchEnd());
  }

  /** Scratch for a segment of f32 or f64; see EXTRA_SCRATCH for how many there are. */
  scratch(k: number): number {
    return this.#scratch + k * SEGMENT_ELEMENTS * 8;
  }

  #scratchEnd(): number {
    return this.scratch(this.operands.length + EXTRA_SCRATCH);
  }

  /** Scratch that no decoding uses, 0 to 5. */
  spare(k: number): number {
    return this.scratch(this.operands.length + EXTRA_SCRATCH - SPARE_SCRATCH + k);
  }

  clear(address: number, byteLength: number): void {
    this.#bytes.fill(0, address, address + byteLength);
  }

  u32(address: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, count);
  }

  /** Address of memory for a pass's own tables, behind the scratch; the next pass that asks gets the same. */
  reserve(byteLength: number): number {
    const address = this.#scratchEnd();
    this.#ensureMemory(address + byteLength);
    return address;
  }

  #ensureMemory(byteLength: number): void {
    const missing = byteLength - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch (cause) {
      throw new EngineError("ENGINE_MEMORY", `A worker could not get ${byteLength} bytes for its tiles`, {
        hint: "Use a smaller --tile-bytes or fewer --workers.",
        cause,
      });
    }
    this.#bytes = new Uint8Array(this.memory.buffer);
  }

  operand(k: number): Operand {
    const operand = this.operands[k];
    if (operand === undefined) throw new EngineError("INTERNAL", `No operand ${k}`);
    return operand;
  }

  /** The first `count` f64 values that a kernel left at `results`. */
  resultValues(count: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.results, count);
  }

  /** True if the whole range is within the window, so that it can be worked on without reading again. */
  shows({ begin, end }: Range): boolean {
    return begin >= this.range.begin && end <= this.range.end;
  }

  /** Moves the window; what was computed for the old one is written first. At most `tileElements` long. */
  show(range: Range): void {
    if (range.begin === this.range.begin && range.end === this.range.end) return;
    this.flush();
    this.range = range;
    for (const operand of this.operands) operand.loaded = false;
  }

  /** Reads the operands that are asked for and not there yet. */
  load(reads: readonly boolean[]): void {
    const shape = this.tensor?.shape ?? [];
    this.operands.forEach((operand, k) => {
      if (reads[k] !== true || operand.loaded) return;
      const { input, elementBytes, slot } = operand;
      for (const { at, element, length } of this.#stretches()) {
        const range = { begin: element, end: element + length };
        this.#reader.read({ input, elementBytes, shape }, range, slot + at * elementBytes);
      }
      operand.loaded = true;
    });
  }

  /** The range as it lies in the tensor: in one stretch, or row by row within a strip. */
  *#stretches(): Generator<Stretch> {
    const { begin, end } = this.range;
    const { first, width, columns } = this.#strip ?? { first: 0, width: 1, columns: 1 };
    if (width === columns) {
      yield { at: 0, element: begin, length: end - begin };
      return;
    }
    for (let at = begin; at < end;) {
      const row = Math.floor(at / width);
      const length = Math.min((row + 1) * width, end) - at;
      yield { at: at - begin, element: row * columns + first + (at - row * width), length };
      at += length;
    }
  }

  /** Notes that the results of this window lie at `address` and are to be written before it moves. */
  writeFrom(address: number): void {
    this.#writeFrom = address;
  }

  flush(): void {
    const { tensor } = this;
    const from = this.#writeFrom;
    this.#writeFrom = undefined;
    if (from === undefined || tensor === undefined) return;
    const size = this.outputElementBytes;
    const path = this.setup.shardPaths[tensor.shard] ?? "";
    for (const { at, element, length } of this.#stretches()) {
      this.#files.write(path, this.#bytes, from + at * size, length * size, tensor.offset + element * size);
      this.writtenBytes += length * size;
    }
  }
}
