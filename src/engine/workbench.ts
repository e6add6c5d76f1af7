import { EngineError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { FIRST_FREE_ADDRESS } from "../kernels/load.ts";
import type { PlannedInput, PlannedTensor } from "../plan/types.ts";
import { bytesPerElement, isFloatDtype } from "../tensor/dtype.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import type { FileTable } from "./files.ts";
import type { PassRequest, PassResult } from "./passes/types.ts";
import { passOf } from "./passes/index.ts";
import type { NonFinite, WorkerSetup } from "./protocol.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";

/** Upper bound of the tiles of one worker, so that many models do not mean much memory. */
export const MOST_TILE_BYTES_IN_ALL = 96 * 2 ** 20;

const PAGE_BYTES = 65_536;
const RESULT_BYTES = 256;

const aligned = (address: number) => Math.ceil(address / 64) * 64;

interface Operand {
  readonly input: PlannedInput;
  readonly dtype: FloatDtype;
  readonly elementBytes: number;
  /** Address of its tile. */
  slot: number;
  loaded: boolean;
}

/**
 * A worker's table: the tiles of one tensor's operands in WebAssembly memory, what is decoded from them, and the
 * window of the tensor that they show. Operands are numbered with the base, if there is one, as 0.
 */
export class Workbench {
  readonly kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #files: FileTable;
  readonly #setup: WorkerSetup;
  #bytes: Uint8Array;

  operands: Operand[] = [];
  hasBase = false;
  /** "F64" if an operand or the result is F64. */
  arithmetic: "F32" | "F64" = "F32";
  /** Address of the tile of results. */
  output = 0;
  /** Address of a few f64 results of a kernel. */
  readonly results = FIRST_FREE_ADDRESS;
  tileElements = 0;
  #tensor: PlannedTensor | undefined;
  #outputDtype: FloatDtype = "F32";
  #outputElementBytes = 4;
  #scratch = 0;
  #scratchBytes = 0;
  #window: Range = { begin: 0, end: 0 };
  #writeFrom: number | undefined;

  readBytes = 0;
  writtenBytes = 0;
  readonly #nonFinite = new Map<string, NonFinite>();
  #pass = "";

  constructor(setup: WorkerSetup, memory: WebAssembly.Memory, kernels: Kernels, files: FileTable) {
    this.#setup = setup;
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#files = files;
    this.kernels = kernels;
  }

  /** Lays out tiles and scratch for a tensor. */
  open(tensor: PlannedTensor): void {
    if (this.#tensor === tensor) return;
    this.flush();
    this.#tensor = tensor;
    const inputs = tensor.base === undefined ? tensor.inputs : [tensor.base, ...tensor.inputs];
    this.hasBase = tensor.base !== undefined;
    this.operands = inputs.map((input) => ({ input, ...elementOf(input.dtype), slot: 0, loaded: false }));
    ({ dtype: this.#outputDtype, elementBytes: this.#outputElementBytes } = elementOf(tensor.dtype));
    const wide = this.#outputDtype === "F64" || this.operands.some((operand) => operand.dtype === "F64");
    this.arithmetic = wide ? "F64" : "F32";
    this.#layOut();
    this.#window = { begin: 0, end: 0 };
  }

  #layOut(): void {
    const tiles = this.operands.length + 1;
    const widest = Math.max(
      this.#outputElementBytes,
      ...this.operands.map((operand) => operand.elementBytes),
    );
    const tileBytes = Math.min(this.#setup.tileBytes, MOST_TILE_BYTES_IN_ALL / tiles);
    const segments = Math.max(1, Math.floor(tileBytes / widest / SEGMENT_ELEMENTS));
    this.tileElements = segments * SEGMENT_ELEMENTS;
    let address = aligned(this.results + RESULT_BYTES);
    for (const operand of this.operands) {
      operand.slot = address;
      address = aligned(address + this.tileElements * operand.elementBytes);
    }
    this.output = address;
    address = aligned(address + this.tileElements * this.#outputElementBytes);
    this.#scratch = address;
    this.#scratchBytes = SEGMENT_ELEMENTS * 8;
    // One for the anchor, one for each operand, one for the sum, one to widen through.
    this.#ensureMemory(address + (this.operands.length + 3) * this.#scratchBytes);
  }

  #ensureMemory(byteLength: number): void {
    const missing = byteLength - this.#memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch (cause) {
      throw new EngineError("ENGINE_MEMORY", `A worker could not get ${byteLength} bytes for its tiles`, {
        hint: "Use a smaller --tile-bytes or fewer --workers.",
        cause,
      });
    }
    this.#bytes = new Uint8Array(this.#memory.buffer);
  }

  /** Runs one pass over a range of the opened tensor, tile by tile. */
  run(request: PassRequest, range: Range): PassResult {
    const pass = passOf(request);
    this.#pass = request.kind;
    const reads = pass.reads(request as never, this);
    const runner = pass.start(request as never, this);
    const inWindow = range.begin >= this.#window.begin && range.end <= this.#window.end;
    const step = inWindow ? range.end - range.begin : this.tileElements;
    for (let begin = range.begin; begin < range.end; begin += step) {
      const end = Math.min(begin + step, range.end);
      if (!inWindow) this.show({ begin, end });
      this.#load(reads);
      for (let at = begin; at < end; at += SEGMENT_ELEMENTS)
        runner.segment(at - this.#window.begin, Math.min(SEGMENT_ELEMENTS, end - at));
      this.readBytes += this.#bytesOf(reads, end - begin);
      if (pass.writesFrom) this.#writeFrom = pass.writesFrom(this);
    }
    return runner.finish();
  }

  /** Moves the window; what was computed for the old one is written first. At most `tileElements` long. */
  show(window: Range): void {
    if (window.begin === this.#window.begin && window.end === this.#window.end) return;
    this.flush();
    this.#window = window;
    for (const operand of this.operands) operand.loaded = false;
  }

  flush(): void {
    const from = this.#writeFrom;
    const tensor = this.#tensor;
    this.#writeFrom = undefined;
    if (from === undefined || tensor === undefined) return;
    const { begin, end } = this.#window;
    const size = this.#outputElementBytes;
    const path = this.#setup.shardPaths[tensor.shard] ?? "";
    this.#files.write(path, this.#bytes, from, (end - begin) * size, tensor.offset + begin * size);
    this.writtenBytes += (end - begin) * size;
  }

  #load(reads: readonly boolean[]): void {
    const { begin, end } = this.#window;
    this.operands.forEach((operand, k) => {
      if (reads[k] !== true || operand.loaded) return;
      const { input, elementBytes } = operand;
      const file = this.#setup.models[input.model]?.files[input.file];
      if (file === undefined) throw new EngineError("INTERNAL", `No file for ${input.tensor}`);
      const position = input.offset + begin * elementBytes;
      this.#files.read(file, this.#bytes, operand.slot, (end - begin) * elementBytes, position);
      operand.loaded = true;
    });
  }

  #bytesOf(reads: readonly boolean[], count: number): number {
    return this.operands.reduce(
      (sum, operand, k) => sum + (reads[k] === true ? count * operand.elementBytes : 0),
      0,
    );
  }

  scratch(k: number): number {
    return this.#scratch + k * this.#scratchBytes;
  }

  slot(k: number): number {
    return this.#operand(k).slot;
  }

  /** The first `count` f64 values that a kernel left at `results`. */
  resultValues(count: number): Float64Array {
    return new Float64Array(this.#memory.buffer, this.results, count);
  }

  #operand(k: number): Operand {
    const operand = this.operands[k];
    if (operand === undefined) throw new EngineError("INTERNAL", `No operand ${k}`);
    return operand;
  }

  /** Address of `n` elements of an operand as f32 (or f64): in place where they are stored so, else in scratch `k`. */
  floats(operand: number, offset: number, n: number, k: number): number {
    const { dtype, slot, elementBytes } = this.#operand(operand);
    const source = slot + offset * elementBytes;
    if (dtype === this.arithmetic) return source;
    if (this.arithmetic === "F32") {
      this.#decode(dtype, source, this.scratch(k), n);
      return this.scratch(k);
    }
    const narrow = dtype === "F32" ? source : this.scratch(this.operands.length + 2);
    if (dtype !== "F32") this.#decode(dtype, source, narrow, n);
    this.kernels.widen(narrow, this.scratch(k), n);
    return this.scratch(k);
  }

  #decode(dtype: FloatDtype, source: number, target: number, n: number): void {
    if (dtype === "BF16") this.kernels.decodeBF16(source, target, n);
    else this.kernels.decodeF16(source, target, n);
  }

  /** target = operand - a; returns the number of exact zeros. */
  subtract(operand: number, offset: number, n: number, a: number, target: number): number {
    const { dtype, slot, elementBytes } = this.#operand(operand);
    const { kernels } = this;
    if (this.arithmetic === "F64")
      return kernels.subtractF64(this.floats(operand, offset, n, this.operands.length + 1), a, target, n);
    return kernels[`subtract${dtype as Exclude<FloatDtype, "F64">}`](
      slot + offset * elementBytes,
      a,
      target,
      n,
    );
  }

  /** sum += coefficient * (operand - a). */
  addDelta(operand: number, offset: number, n: number, a: number, sum: number, coefficient: number): void {
    const { dtype, slot, elementBytes } = this.#operand(operand);
    const { kernels } = this;
    if (this.arithmetic === "F64")
      kernels.addDeltaF64(this.floats(operand, offset, n, this.operands.length + 1), a, sum, coefficient, n);
    else
      kernels[`addDelta${dtype as Exclude<FloatDtype, "F64">}`](
        slot + offset * elementBytes,
        a,
        sum,
        coefficient,
        n,
      );
  }

  /** Where to sum up results: their place in the tile if they need no encoding, else scratch `k`. */
  accumulator(offset: number, k: number): number {
    return this.arithmetic === this.#outputDtype
      ? this.output + offset * this.#outputElementBytes
      : this.scratch(k);
  }

  /** Rounds `n` results at `source` once into the tile, and notes those that are not finite. */
  encode(source: number, offset: number, n: number): void {
    const { kernels } = this;
    const target = this.output + offset * this.#outputElementBytes;
    let rounded = source;
    if (this.arithmetic === "F64" && this.#outputDtype !== "F64") {
      if (this.#outputDtype === "F32") kernels.demote(source, target, n);
      else kernels.demoteToOdd(source, source, n);
      rounded = this.#outputDtype === "F32" ? target : source;
    }
    const bad =
      this.#outputDtype === "F64"
        ? kernels.countNonFiniteF64(source, n)
        : kernels[`encode${this.#outputDtype}`](rounded, target, n);
    if (bad > 0) this.noteNonFinite(offset, n, bad);
  }

  checkFinite(operand: number, offset: number, n: number): void {
    if (this.#countNonFinite(operand, offset, n) > 0) this.noteNonFinite(offset, n, 0);
  }

  #countNonFinite(k: number, offset: number, n: number): number {
    const { dtype, slot, elementBytes, input } = this.#operand(k);
    return isFloatDtype(input.dtype)
      ? this.kernels[`countNonFinite${dtype}`](slot + offset * elementBytes, n)
      : 0;
  }

  /** Records which inputs of these elements are not finite or, if all are, that `resultCount` results are not. */
  noteNonFinite(offset: number, n: number, resultCount: number): void {
    const tensor = this.#tensor?.name ?? "";
    let found = false;
    this.operands.forEach((operand, k) => {
      const count = operand.loaded ? this.#countNonFinite(k, offset, n) : 0;
      if (count === 0) return;
      found = true;
      const model = this.#setup.models[operand.input.model]?.reference ?? "";
      this.#note({ tensor, model, count });
    });
    if (!found && resultCount > 0) this.#note({ tensor, count: resultCount });
  }

  #note(entry: Omit<NonFinite, "pass">): void {
    const key = `${this.#pass}\n${entry.tensor}\n${entry.model ?? ""}`;
    const count = entry.count + (this.#nonFinite.get(key)?.count ?? 0);
    this.#nonFinite.set(key, { ...entry, pass: this.#pass, count });
  }

  /** What came to light since the last call. */
  takeNonFinite(): NonFinite[] {
    const entries = [...this.#nonFinite.values()];
    this.#nonFinite.clear();
    return entries;
  }
}

/** Dtypes without arithmetic are handed through as bytes: the plan's byte length is then the number of elements. */
function elementOf(dtype: PlannedInput["dtype"]): { dtype: FloatDtype; elementBytes: number } {
  return isFloatDtype(dtype)
    ? { dtype, elementBytes: bytesPerElement(dtype) }
    : { dtype: "F32", elementBytes: 1 };
}
