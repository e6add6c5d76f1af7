import { EngineError } from "../errors.ts";
import { methodByName } from "../methods/index.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { passOf } from "./passes/index.ts";
import { program } from "./program.ts";
import type { ProgramSettings } from "./program.ts";
import type { NonFinite } from "./protocol.ts";
import type { ComputedModel } from "./reading.ts";
import type { PassRequest } from "./requests.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS, splitRange } from "./segments.ts";
import { workElements } from "./tasks.ts";
import type { Workbench } from "./workbench.ts";

/** Bytes of one input that a worker holds at a time for a model that it computes: several of them then fit the L2 cache. */
export const COMPUTED_TILE_BYTES = 262_144;

/**
 * The pass that makes a tensor, where coefficients alone decide it: any range of it then follows from the same range of
 * its inputs. Undefined where something has to be measured first, or elements depend on more than their own place.
 */
export function elementwisePass(
  tensor: PlannedTensor,
  method: AnyMethod,
  settings: ProgramSettings,
): Extract<PassRequest, { kind: "copy" | "linear" }> | undefined {
  if (tensor.action === "merge") {
    const { granularity, group } = tensor;
    const hasUnits = granularity !== "tensor" || group !== undefined;
    if (hasUnits || method.measure !== undefined || method.refine !== undefined) return undefined;
  }
  const steps = program({ method, tensor, count: workElements(tensor), byRange: true }, settings);
  const { value } = steps.next();
  return "kind" in value && (value.kind === "copy" || value.kind === "linear") ? value : undefined;
}

/** The result of a merge, computed a range at a time on a bench of its own while another merge reads it. */
export class ComputedTensors implements ComputedModel {
  readonly #name: string;
  readonly #tensors: ReadonlyMap<string, PlannedTensor>;
  readonly #bench: Workbench;
  #open: { readonly tensor: string; readonly pass: PassRequest } | undefined;

  constructor(name: string, tensors: readonly PlannedTensor[], bench: Workbench) {
    this.#name = name;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#bench = bench;
  }

  read(name: string, { begin, end }: Range, target: Uint8Array, address: number, pass: string): void {
    const request = this.#passOf(name);
    const bench = this.#bench;
    // Apart from what the merge around it notes of the same models, so that nothing is counted twice.
    bench.pass = `${pass} of ${this.#name}`;
    for (const part of splitRange(end - begin, bench.tileElements)) {
      const range = { begin: begin + part.begin, end: begin + part.end };
      target.set(this.#compute(request, range), address + part.begin * bench.outputElementBytes);
    }
  }

  takeNonFinite(): NonFinite[] {
    return this.#bench.takeNonFinite().map((entry) => ({ model: this.#name, ...entry }));
  }

  #passOf(name: string): PassRequest {
    if (this.#open?.tensor === name) return this.#open.pass;
    const tensor = this.#tensors.get(name);
    const method = tensor && methodByName(tensor.method, this.#bench.methods);
    const pass = tensor && method && elementwisePass(tensor, method, this.#bench.setup);
    if (tensor === undefined || pass === undefined)
      throw new EngineError("INTERNAL", `${name} of ${this.#name} cannot be computed`);
    this.#bench.open(tensor);
    this.#open = { tensor: name, pass };
    return pass;
  }

  /** The bytes of a range of at most a tile, as they would be written. */
  #compute(request: PassRequest, range: Range): Uint8Array {
    const bench = this.#bench;
    const pass = passOf(request);
    const runner = pass.start(request, bench, range);
    bench.show(range);
    bench.load(pass.reads(request, bench));
    const count = range.end - range.begin;
    for (const { begin, end } of splitRange(count, SEGMENT_ELEMENTS)) runner.segment(begin, end - begin);
    runner.finish();
    const address = pass.writesFrom?.(bench) ?? bench.output;
    return new Uint8Array(bench.memory.buffer, address, count * bench.outputElementBytes);
  }
}
