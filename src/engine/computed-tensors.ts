import { EngineError } from "../errors.ts";
import { methodByName } from "../methods/index.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { passOf } from "./passes/index.ts";
import type { Pass, Runner } from "./passes/pass.ts";
import { program } from "./program.ts";
import type { ProgramSettings } from "./program.ts";
import type { NonFinite } from "./protocol.ts";
import type { ComputedModel } from "./reading.ts";
import type { PassKind, PassRequest } from "./requests.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";
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

/** A tensor under way: what its pass needs for any range of it. */
interface OpenTensor {
  readonly name: string;
  readonly reads: readonly boolean[];
  readonly runner: Runner<unknown>;
  /** Where the bytes of a result lie. */
  readonly address: number;
}

/** The result of a merge, computed a range at a time on a bench of its own while another merge reads it. */
export class ComputedTensors implements ComputedModel {
  readonly #name: string;
  readonly #tensors: ReadonlyMap<string, PlannedTensor>;
  readonly #bench: Workbench;
  #open: OpenTensor | undefined;

  constructor(name: string, tensors: readonly PlannedTensor[], bench: Workbench) {
    this.#name = name;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#bench = bench;
  }

  read(name: string, { begin, end }: Range, target: Uint8Array, address: number, pass: string): void {
    const open = this.#open?.name === name ? this.#open : this.#opened(name);
    const bench = this.#bench;
    // Apart from what the merge around it notes of the same models, so that nothing is counted twice.
    bench.pass = `${pass} of ${this.#name}`;
    for (let from = begin; from < end; from += bench.tileElements) {
      const range = { begin: from, end: Math.min(from + bench.tileElements, end) };
      target.set(this.#compute(open, range), address + (from - begin) * bench.outputElementBytes);
    }
  }

  takeNonFinite(): NonFinite[] {
    return this.#bench.takeNonFinite().map((entry) => ({ model: this.#name, ...entry }));
  }

  #opened(name: string): OpenTensor {
    const bench = this.#bench;
    const tensor = this.#tensors.get(name);
    const method = tensor && methodByName(tensor.method, bench.methods);
    const request = tensor && method && elementwisePass(tensor, method, bench.setup);
    if (tensor === undefined || request === undefined)
      throw new EngineError("INTERNAL", `${name} of ${this.#name} cannot be computed`);
    bench.open(tensor);
    const pass: Pass<PassKind> = passOf(request);
    const runner = pass.start(request, bench, bench.range);
    const address = pass.writesFrom?.(bench) ?? bench.output;
    this.#open = { name, reads: pass.reads(request, bench), runner, address };
    return this.#open;
  }

  /** The bytes of a range of at most a tile, as they would be written. */
  #compute({ reads, runner, address }: OpenTensor, range: Range): Uint8Array {
    const bench = this.#bench;
    bench.show(range);
    bench.load(reads);
    const count = range.end - range.begin;
    for (let at = 0; at < count; at += SEGMENT_ELEMENTS)
      runner.segment(at, Math.min(SEGMENT_ELEMENTS, count - at));
    return new Uint8Array(bench.memory.buffer, address, count * bench.outputElementBytes);
  }
}
