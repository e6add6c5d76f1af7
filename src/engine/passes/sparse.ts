import type { SparseCombination } from "../../methods/elementwise.ts";
import type { Mask } from "../../methods/mask.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { RANK_TABLE_BYTES } from "../../kernels/row-rank.ts";
import { DrawnTwo } from "./drawn-two.ts";
import { Masking } from "./masking.ts";
import type { Pass, Runner } from "./pass.ts";
import { masksByRows, scansFor } from "./ranked.ts";
import { variance } from "./ranked-vectors.ts";
import { SparseTwo } from "./sparse-two.ts";

/** Adds what masks keep of the task vectors to the base, with or without an election of signs. */
export const sparsePass: Pass<"sparse"> = {
  reads: (request, bench) => [true, ...neededInputs(request, bench)],
  byRows: ({ masks }) => masksByRows(masks),
  writesFrom: (bench) => bench.output,
  start: (request, bench, range) => new SparseRunner(request, bench, range),
  merge: () => undefined,
};

/** Inputs that can contribute; all of them where the mask is over a vector made of all. */
function neededInputs({ masks, factors, maskedBy }: SparseCombination, bench: Workbench): boolean[] {
  return bench.operands
    .slice(1)
    .map((_, i) => maskedBy !== undefined || (masks[i]?.kind !== "none" && factors[i] !== 0));
}

/** Masks the task vectors that lie in scratch 1, 2, ...: each by its own mask, or all by the variance's. */
export class VectorMasks {
  readonly #bench: Workbench;
  /** One for each task vector. */
  readonly masking: readonly Masking[];
  readonly #byVariance: boolean;

  constructor(masks: readonly Mask[], byVariance: boolean, bench: Workbench, range: Range) {
    this.#bench = bench;
    const tableBytes = masksByRows(masks) ? RANK_TABLE_BYTES : 0;
    const tables = bench.reserve(masks.length * tableBytes);
    bench.clear(tables, masks.length * tableBytes);
    this.masking = masks.map((mask, i) => new Masking(mask, bench, range, tables + i * tableBytes));
    this.#byVariance = byVariance && masks.some((mask) => mask.kind !== "all");
  }

  /** True if each task vector is masked by itself. */
  get areSeparate(): boolean {
    return !this.#byVariance;
  }

  scan(step: number, wanted: readonly boolean[], offset: number, n: number): void {
    this.#bench.differences(offset, n, wanted);
    wanted.forEach((want, i) => {
      if (want) this.masking[i]?.scan(step, this.#bench.scratch(i + 1), offset, n);
    });
  }

  apply(wanted: readonly boolean[], offset: number, n: number): void {
    const bench = this.#bench;
    if (!this.#byVariance) {
      wanted.forEach((want, i) => {
        if (want) this.masking[i]?.apply(bench.scratch(i + 1), offset, n);
      });
      return;
    }
    const keys = variance(bench, n);
    this.masking[0]?.applyToKeys(keys, offset, n);
    wanted.forEach((_, i) => bench.steps.clearWhereZero(keys, bench.scratch(i + 1), n));
  }
}

class SparseRunner implements Runner<undefined> {
  readonly #request: SparseCombination;
  readonly #bench: Workbench;
  readonly #wanted: readonly boolean[];
  readonly #masks: VectorMasks;
  readonly #two: SparseTwo | DrawnTwo | undefined;
  readonly scans: number;

  constructor(request: SparseCombination, bench: Workbench, range: Range) {
    this.#request = request;
    this.#bench = bench;
    this.#wanted = neededInputs(request, bench);
    this.#masks = new VectorMasks(request.masks, request.maskedBy === "variance", bench, range);
    this.scans = scansFor(request.masks, bench, range);
    if (this.#wanted.length === 2 && this.#wanted.every((want) => want))
      this.#two = SparseTwo.over(request, this.#masks, bench) ?? DrawnTwo.over(request, this.#masks, bench);
  }

  scan(step: number, offset: number, n: number): void {
    this.#masks.scan(step, this.#wanted, offset, n);
  }

  segment(offset: number, n: number): void {
    const bench = this.#bench;
    if (this.#two?.segment(offset, n) === true) return;
    bench.checkInputs(offset, n, this.#wanted);
    const base = bench.differences(offset, n, this.#wanted);
    this.#masks.apply(this.#wanted, offset, n);
    const out = bench.spare(2);
    if (this.#request.election === undefined) this.#add(base, out, n);
    else this.#elect(base, out, n);
    bench.encode(out, offset, n);
  }

  finish(): undefined {
    return undefined;
  }

  #add(base: number, out: number, n: number): void {
    const { steps } = this.#bench;
    const sum = this.#bench.spare(0);
    this.#bench.clearVector(sum, n);
    this.#each((d, i) => steps.addScaled(d, sum, this.#request.factors[i] ?? 0, n));
    steps.finishSum(base, sum, out, this.#request.scale, n);
  }

  #elect(base: number, out: number, n: number): void {
    const { steps } = this.#bench;
    const { election, factors, scale } = this.#request;
    if (factors.length === 2 && this.#wanted.every((want) => want)) {
      this.#electTwo(base, out, n);
      return;
    }
    const [vote, sum, weight] = [this.#bench.spare(0), this.#bench.spare(3), this.#bench.spare(4)];
    for (const vector of [vote, sum, weight]) this.#bench.clearVector(vector, n);
    this.#each((d, i) => steps.addScaled(d, vote, election?.votes[i] ?? 0, n));
    this.#each((d, i) =>
      steps.elect(d, vote, sum, weight, factors[i] ?? 0, election?.divisor?.weights[i] ?? 0, n),
    );
    if (election?.divisor === undefined) steps.finishSum(base, sum, out, scale, n);
    else steps.finishMean(base, sum, weight, out, scale, election.divisor.floor, n);
  }

  /** The commonest case in one reading; the bits are the same. */
  #electTwo(base: number, out: number, n: number): void {
    const { factors, election, scale } = this.#request;
    const votes = election?.votes ?? factors;
    const { weights = factors, floor = 0 } = election?.divisor ?? {};
    const [p, q] = [this.#bench.scratch(1), this.#bench.scratch(2)];
    const [v0 = 0, v1 = 0] = votes;
    const [c0 = 0, c1 = 0] = factors;
    const [w0 = 0, w1 = 0] = weights;
    const divide = election?.divisor !== undefined;
    this.#bench.steps.electTwo(base, p, q, out, v0, v1, c0, c1, w0, w1, scale, floor, divide, n);
  }

  #each(step: (d: number, i: number) => void): void {
    this.#wanted.forEach((want, i) => {
      if (want) step(this.#bench.scratch(i + 1), i);
    });
  }
}
