import { JOIN } from "../../kernels/stored.ts";
import type { StoredKernels } from "../../kernels/stored.ts";
import type { SparseCombination } from "../../methods/elementwise.ts";
import type { Workbench } from "../workbench.ts";
import type { RankMasking } from "./ranked.ts";
import { factorsOf } from "./sparse-two.ts";
import type { Factors, Masks } from "./sparse-two.ts";

const r = Math.fround;

/** Two task vectors of one dtype of which bits tell what is kept, in one reading of the stored values. */
export class DrawnTwo {
  readonly #bench: Workbench;
  readonly #masks: readonly [RankMasking, RankMasking];
  readonly #join: StoredKernels["drawnTwoF32"];
  readonly #factors: Factors;

  private constructor(
    masks: readonly [RankMasking, RankMasking],
    join: StoredKernels["drawnTwoF32"],
    factors: Factors,
    bench: Workbench,
  ) {
    this.#bench = bench;
    this.#masks = masks;
    this.#join = join;
    this.#factors = factors;
  }

  /** Undefined where the steps must be taken one by one. */
  static over(request: SparseCombination, masks: Masks, bench: Workbench): DrawnTwo | undefined {
    const dtype = bench.sharedDtype([0, 1, 2], true);
    const [first, second] = masks.masking.map(({ ranks }) => ranks);
    if (dtype === undefined || !masks.areSeparate) return undefined;
    if (first?.knowsBits !== true || second?.knowsBits !== true) return undefined;
    const factors = factorsOf(request);
    const { v0, v1, c0, c1, w0, w1, floor, mode } = factors;
    const divides = mode === JOIN.average;
    const isPlain = v0 === c0 && v1 === c1 && floor === 0;
    if (!isPlain || (divides && [r(w0), r(w1), r(r(w0) + r(w1))].includes(0))) return undefined;
    return new DrawnTwo([first, second], bench.kernels[`drawnTwo${dtype}`], factors, bench);
  }

  /** Works on a segment; false, and nothing done, if it needs the separate steps. */
  segment(offset: number, n: number): boolean {
    const bench = this.#bench;
    const [first, second] = this.#masks;
    const [bits0, bits1] = [bench.spare(0), bench.spare(1)];
    first.copyBits(bits0, n);
    second.copyBits(bits1, n);
    const { c0, c1, w0, w1, s, mode } = this.#factors;
    const [b, x, y] = [bench.stored(0, offset), bench.stored(1, offset), bench.stored(2, offset)];
    const [out, work] = [bench.result(offset), bench.scratch(0)];
    if (this.#join(b, x, y, out, work, bits0, bits1, c0, c1, w0, w1, s, mode, n) === 0) return false;
    for (const mask of this.#masks) mask.passBits(n);
    return true;
  }
}
