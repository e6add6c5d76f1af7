import type { SparseCombination } from "../../methods/elementwise.ts";
import { JOIN } from "../../kernels/stored.ts";
import type { StoredKernels } from "../../kernels/stored.ts";
import type { Workbench } from "../workbench.ts";
import type { Masking } from "./masking.ts";

/** The masks of two task vectors. */
export interface Masks {
  readonly masking: readonly Masking[];
  /** False if they are one mask over a vector made of both. */
  readonly areSeparate: boolean;
}

/**
 * The commonest sparse combination, two task vectors of one dtype of which each keeps an interval of magnitudes, in one
 * reading of the stored values. The bits are those of the separate steps.
 */
export class SparseTwo {
  readonly #bench: Workbench;
  readonly #masks: readonly [Masking, Masking];
  readonly #join: StoredKernels["sparseTwoF32"];
  readonly #factors: Factors;

  private constructor(
    request: SparseCombination,
    masks: readonly [Masking, Masking],
    join: StoredKernels["sparseTwoF32"],
    bench: Workbench,
  ) {
    this.#bench = bench;
    this.#masks = masks;
    this.#join = join;
    const factors = factorsOf(request);
    this.#factors = masks[0] === masks[1] ? { ...factors, mode: JOIN.averageApart } : factors;
  }

  /** Undefined where the steps must be taken one by one. */
  static over(request: SparseCombination, masks: Masks, bench: Workbench): SparseTwo | undefined {
    const dtype = bench.sharedDtype([0, 1, 2], true);
    const [first, second] = masks.masking;
    if (dtype === undefined || first === undefined || second === undefined) return undefined;
    const pair = [first, masks.areSeparate ? second : first] as const;
    // Together only an average is ever taken.
    if (!masks.areSeparate && request.election?.divisor === undefined) return undefined;
    if (pair.some(({ keepsIntervals }) => !keepsIntervals)) return undefined;
    return new SparseTwo(request, pair, bench.kernels[`sparseTwo${dtype}`], bench);
  }

  /** Works on a segment; false, and nothing done, if it needs the separate steps. */
  segment(offset: number, n: number): boolean {
    const bench = this.#bench;
    const [first, second] = this.#masks;
    const [p, q] = [first.interval, second.interval];
    if (p === undefined || q === undefined) return false;
    const { v0, v1, c0, c1, w0, w1, s, floor, mode } = this.#factors;
    const done = this.#join(
      bench.stored(0, offset),
      bench.stored(1, offset),
      bench.stored(2, offset),
      bench.result(offset),
      bench.scratch(0),
      bench.results,
      p.low,
      p.high,
      q.low,
      q.high,
      v0,
      v1,
      c0,
      c1,
      w0,
      w1,
      s,
      floor,
      mode,
      n,
    );
    if (done === 0) return false;
    const [equalFirst = 0, equalSecond = 0] = bench.u32(bench.results, 2);
    if (!first.canTake(equalFirst) || !second.canTake(equalSecond)) return false;
    first.take(equalFirst);
    if (second !== first) second.take(equalSecond);
    return true;
  }
}

export interface Factors {
  readonly v0: number;
  readonly v1: number;
  readonly c0: number;
  readonly c1: number;
  readonly w0: number;
  readonly w1: number;
  readonly s: number;
  readonly floor: number;
  readonly mode: number;
}

export function factorsOf({ factors, scale: s, election }: SparseCombination): Factors {
  const [c0 = 0, c1 = 0] = factors;
  const [v0 = c0, v1 = c1] = election?.votes ?? [];
  const [w0 = 0, w1 = 0] = election?.divisor?.weights ?? [];
  const mode = election === undefined ? JOIN.add : election.divisor === undefined ? JOIN.elect : JOIN.average;
  return { v0, v1, c0, c1, w0, w1, s, floor: election?.divisor?.floor ?? 0, mode };
}
