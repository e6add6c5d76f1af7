import type { StoredKernels } from "../../kernels/stored.ts";
import type { KeptSumsPass, RangeSums } from "../requests.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { isTrusted } from "./gram.ts";
import type { Pass, Runner } from "./pass.ts";
import { masksByRows, scansFor } from "./ranked.ts";
import { RankedSums } from "./ranked-sums.ts";
import { allOperands } from "./ranked-vectors.ts";
import { VectorMasks } from "./sparse.ts";
import { addArrays } from "./sums.ts";

/** Sums of magnitudes or squares of each task vector, before and after masking. */
export const keptSumsPass: Pass<"keptSums"> = {
  reads: (_request, bench) => allOperands(bench),
  byRows: ({ masks }) => masksByRows(masks),
  start: (request, bench, range) =>
    RankedSums.over(request, bench, range) ?? new KeptSumsRunner(request, bench, range),
  merge: (results) => ({
    all: addArrays(results.map((result) => result.all)),
    kept: addArrays(results.map((result) => result.kept)),
    told: results.every((result) => result.told),
  }),
};

class KeptSumsRunner implements Runner<RangeSums> {
  readonly #bench: Workbench;
  readonly #power: 1 | 2;
  readonly #masks: VectorMasks;
  readonly #wanted: readonly boolean[];
  readonly #all: Float64Array;
  readonly #kept: Float64Array;
  readonly scans: number;
  readonly #keepApart: StoredKernels["keepApartF32"] | undefined;

  constructor(request: KeptSumsPass, bench: Workbench, range: Range) {
    this.#bench = bench;
    this.#power = request.power;
    this.#wanted = bench.operands.slice(1).map(() => true);
    this.#masks = new VectorMasks(request.masks, request.maskedBy === "variance", bench, range);
    this.scans = scansFor(request.masks, bench, range);
    const dtype = bench.sharedDtype([...bench.operands.keys()], false);
    if (dtype !== undefined && this.#wanted.length === 2 && !this.#masks.areSeparate && this.#power === 2)
      this.#keepApart = bench.kernels[`keepApart${dtype}`];
    this.#all = new Float64Array(this.#wanted.length);
    this.#kept = new Float64Array(this.#wanted.length);
  }

  scan(step: number, offset: number, n: number): void {
    this.#masks.scan(step, this.#wanted, offset, n);
  }

  segment(offset: number, n: number): void {
    if (this.#keepApart !== undefined && this.#keptApart(this.#keepApart, offset, n)) {
      this.#addTo(this.#kept, n);
      return;
    }
    this.#bench.differences(offset, n, this.#wanted);
    if (this.#power === 1) this.#addTo(this.#all, n);
    this.#masks.apply(this.#wanted, offset, n);
    this.#addTo(this.#kept, n);
  }

  /** Two task vectors that are masked together, in one reading; false, and nothing done, if the mask needs its order. */
  #keptApart(keepApart: StoredKernels["keepApartF32"], offset: number, n: number): boolean {
    const bench = this.#bench;
    const [mask] = this.#masks.masking;
    const interval = mask?.interval;
    if (mask === undefined || interval === undefined) return false;
    const [b, x, y] = [bench.stored(0, offset), bench.stored(1, offset), bench.stored(2, offset)];
    const [p, q, work] = [bench.scratch(1), bench.scratch(2), bench.scratch(0)];
    const equal = keepApart(b, x, y, p, q, work, interval.low, interval.high, n);
    if (!mask.canTake(equal)) return false;
    mask.take(equal);
    return true;
  }

  finish(): RangeSums {
    return { all: this.#all, kept: this.#kept, told: false };
  }

  #addTo(sums: Float64Array, n: number): void {
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + this.#sum(this.#bench.scratch(i + 1), n);
  }

  #sum(vector: number, n: number): number {
    const { kernels, arithmetic } = this.#bench;
    if (this.#power === 2) return this.#square(vector, n);
    if (arithmetic === "F32") return kernels.sumMagnitudes(vector, 0, n);
    const narrow = this.#bench.spare(5);
    kernels.demote(vector, narrow, n);
    return kernels.sumMagnitudes(narrow, 0, n);
  }

  #square(vector: number, n: number): number {
    const { kernels, arithmetic } = this.#bench;
    if (arithmetic === "F64") return kernels.dotF64(vector, vector, n);
    const square = kernels.dot(vector, vector, n);
    if (isTrusted(square) || kernels.countEqual(vector, 0, n) === n) return square;
    return kernels.dotWide(vector, vector, n);
  }
}
