import { EngineError } from "../errors.ts";
import { methodByName } from "../methods/index.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { elementwisePass } from "./computable.ts";
import { passOf } from "./passes/index.ts";
import type { Pass, Runner } from "./passes/pass.ts";
import type { ComputedSetup, NonFinite } from "./protocol.ts";
import type { ComputedModel } from "./reading.ts";
import type { PassKind } from "./requests.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";
import type { Workbench } from "./workbench.ts";

/** Bytes of one input that a worker holds at a time for a model that it computes: several of them then fit the L2 cache. */
export const COMPUTED_TILE_BYTES = 262_144;

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
  readonly #solved: ComputedSetup["solved"];
  readonly #bench: Workbench;
  #open: OpenTensor | undefined;

  constructor(name: string, { tensors, solved }: ComputedSetup, bench: Workbench) {
    this.#name = name;
    this.#solved = solved;
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
    const request =
      this.#solved.get(name) ?? (tensor && method && elementwisePass(tensor, method, bench.setup));
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
