import type { ElementwiseSteps } from "../kernels/elementwise.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { isFloatDtype } from "../tensor/dtype.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import type { FileTable } from "./files.ts";
import { BitRooms } from "./kept-bits.ts";
import type { NonFinite, WorkerSetup } from "./protocol.ts";
import type { ComputedModel } from "./reading.ts";
import type { Strip } from "./segments.ts";
import { TileWindow } from "./tile-window.ts";

function stepsOf(kernels: Kernels, suffix: "F32" | "F64"): ElementwiseSteps {
  return new Proxy({} as ElementwiseSteps, {
    get: (_target, name: string) => kernels[`${name}${suffix}` as keyof Kernels],
  });
}

/** A dtype that is decoded to f32. */
export type NarrowDtype = Exclude<FloatDtype, "F64">;

/** A window with the arithmetic on what it shows: decoding, differences, sums, rounding, and the search for NaN. */
export class Workbench extends TileWindow {
  /** Methods beside the built-in ones. */
  readonly methods: readonly AnyMethod[];
  readonly rooms = new BitRooms();
  readonly #steps: Readonly<Record<"F32" | "F64", ElementwiseSteps>>;
  hasBase = false;
  /** "F64" if an operand or the result is F64. */
  arithmetic: "F32" | "F64" = "F32";
  readonly #nonFinite = new Map<string, NonFinite>();

  constructor(
    setup: WorkerSetup,
    memory: WebAssembly.Memory,
    kernels: Kernels,
    files: FileTable,
    methods: readonly AnyMethod[],
    computed: readonly (ComputedModel | undefined)[] = [],
  ) {
    super(setup, memory, kernels, files, computed);
    this.methods = methods;
    this.#steps = { F32: stepsOf(kernels, "F32"), F64: stepsOf(kernels, "F64") };
  }

  /** The elementwise kernels in the arithmetic of the opened tensor. */
  get steps(): ElementwiseSteps {
    return this.#steps[this.arithmetic];
  }

  /** Clears scratch for `n` elements and what pads them. */
  clearVector(address: number, n: number): void {
    this.clear(address, (n + 4) * (this.arithmetic === "F64" ? 8 : 4));
  }

  /**
   * Decodes the base and the task vectors of the wanted inputs, input i into scratch i + 1; returns the base's address.
   */
  differences(offset: number, n: number, wanted: readonly boolean[]): number {
    const base = this.floats(0, offset, n, 0);
    wanted.forEach((want, i) => {
      if (want) this.subtract(i + 1, offset, n, base, this.scratch(i + 1));
    });
    return base;
  }

  /** Notes inputs that are not finite: for passes whose comparisons would swallow them. */
  checkInputs(offset: number, n: number, wanted?: readonly boolean[]): void {
    const bad = this.operands.some(
      (_, k) => (k === 0 || wanted?.[k - 1] !== false) && this.#countNonFinite(k, offset, n) > 0,
    );
    if (bad) this.noteNonFinite(offset, n, 0);
  }

  copyVector(source: number, target: number, n: number): void {
    this.kernels[this.arithmetic === "F64" ? "scaleF64" : "scaleF32"](source, target, 1, n);
  }

  nonZeros(vector: number, n: number): number {
    return (
      n - (this.arithmetic === "F64" ? this.#zerosF64(vector, n) : this.kernels.countEqual(vector, 0, n))
    );
  }

  #zerosF64(vector: number, n: number): number {
    return new Float64Array(this.memory.buffer, vector, n).reduce(
      (zeros, value) => zeros + (value === 0 ? 1 : 0),
      0,
    );
  }

  override open(tensor: PlannedTensor, strip?: Strip): void {
    super.open(tensor, strip);
    this.hasBase = tensor.base !== undefined;
    const wide = this.outputDtype === "F64" || this.operands.some((operand) => operand.dtype === "F64");
    this.arithmetic = wide ? "F64" : "F32";
  }

  /** Address of an operand's element as it is stored. */
  stored(operand: number, offset: number): number {
    const { slot, elementBytes } = this.operand(operand);
    return slot + offset * elementBytes;
  }

  /** Address of an element of the result as it will be stored. */
  result(offset: number): number {
    return this.output + offset * this.outputElementBytes;
  }

  /** The dtype of all the given operands (and of the result), if they share one and the arithmetic is in f32. */
  sharedDtype(operands: readonly number[], withResult: boolean): NarrowDtype | undefined {
    if (this.arithmetic === "F64") return undefined;
    const dtypes = new Set(operands.map((k) => this.operand(k).dtype));
    if (withResult) dtypes.add(this.outputDtype);
    const [dtype] = dtypes;
    return dtypes.size === 1 && dtype !== "F64" ? dtype : undefined;
  }

  /** Address of `n` elements of an operand as f32 (or f64): in place where they are stored so, else in scratch `k`. */
  floats(operand: number, offset: number, n: number, k: number): number {
    const { dtype } = this.operand(operand);
    const source = this.stored(operand, offset);
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
    const { kernels } = this;
    if (this.arithmetic === "F64")
      return kernels.subtractF64(this.#widened(operand, offset, n), a, target, n);
    const dtype = this.operand(operand).dtype as NarrowDtype;
    return kernels[`subtract${dtype}`](this.stored(operand, offset), a, target, n);
  }

  /** sum += coefficient * (operand - a). */
  addDelta(operand: number, offset: number, n: number, a: number, sum: number, coefficient: number): void {
    const { kernels } = this;
    if (this.arithmetic === "F64") {
      kernels.addDeltaF64(this.#widened(operand, offset, n), a, sum, coefficient, n);
      return;
    }
    const dtype = this.operand(operand).dtype as NarrowDtype;
    kernels[`addDelta${dtype}`](this.stored(operand, offset), a, sum, coefficient, n);
  }

  #widened(operand: number, offset: number, n: number): number {
    return this.floats(operand, offset, n, this.operands.length + 1);
  }

  /** Where to sum up results: their place in the tile if they need no rounding, else scratch `k`. */
  accumulator(offset: number, k: number): number {
    return this.arithmetic === this.outputDtype ? this.result(offset) : this.scratch(k);
  }

  /** Rounds `n` results at `source` once into the tile, and notes those that are not finite. */
  encode(source: number, offset: number, n: number): void {
    const { kernels, outputDtype } = this;
    const target = this.result(offset);
    if (outputDtype === "F64") {
      if (source !== target) kernels.scaleF64(source, target, 1, n);
      this.noteResults(kernels.countNonFiniteF64(source, n), offset, n);
      return;
    }
    let rounded = source;
    if (this.arithmetic === "F64") {
      rounded = outputDtype === "F32" ? target : source;
      kernels[outputDtype === "F32" ? "demote" : "demoteToOdd"](source, rounded, n);
    }
    this.noteResults(kernels[`encode${outputDtype}`](rounded, target, n), offset, n);
  }

  checkFinite(operand: number, offset: number, n: number): void {
    if (this.#countNonFinite(operand, offset, n) > 0) this.noteNonFinite(offset, n, 0);
  }

  noteResults(bad: number, offset: number, n: number): void {
    if (bad > 0) this.noteNonFinite(offset, n, bad);
  }

  #countNonFinite(k: number, offset: number, n: number): number {
    const { dtype, input } = this.operand(k);
    return isFloatDtype(input.dtype) ? this.kernels[`countNonFinite${dtype}`](this.stored(k, offset), n) : 0;
  }

  /** Records which inputs of these elements are not finite or, if all are, that `resultCount` results are not. */
  noteNonFinite(offset: number, n: number, resultCount: number): void {
    const tensor = this.tensor?.name ?? "";
    let found = 0;
    this.operands.forEach((operand, k) => {
      const count = operand.loaded ? this.#countNonFinite(k, offset, n) : 0;
      found += count;
      if (count === 0) return;
      const model = this.setup.models[operand.input.model]?.reference ?? "";
      this.#note({ tensor, pass: this.pass, model, count });
    });
    if (found === 0 && resultCount > 0) this.#note({ tensor, pass: this.pass, count: resultCount });
  }

  #note(entry: NonFinite): void {
    const key = `${entry.pass}\n${entry.tensor}\n${entry.model ?? ""}`;
    const count = entry.count + (this.#nonFinite.get(key)?.count ?? 0);
    this.#nonFinite.set(key, { ...entry, count });
  }

  /** What came to light since the last call; of computed inputs first what they were computed from. */
  takeNonFinite(): NonFinite[] {
    const behind = this.computed.flatMap((model) => model?.takeNonFinite() ?? []);
    const entries = [...behind, ...this.#nonFinite.values()];
    this.#nonFinite.clear();
    return entries;
  }
}
