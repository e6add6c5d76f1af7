import type { Bins, BinsPass } from "../requests.ts";
import type { Workbench } from "../workbench.ts";
import type { Pass, Runner } from "./pass.ts";
import { allOperands, rankedCount, rankedVectors } from "./ranked-vectors.ts";
import { addArrays } from "./sums.ts";

const BINS = 65_536;

/** Histograms of the upper 16 bits of magnitudes, one for each ranked vector. */
export const binsPass: Pass<"bins"> = {
  reads: (_request, bench) => allOperands(bench),
  start: (request, bench) => new BinsRunner(request, bench),
  merge: (results) => ({
    bins: (results[0]?.bins ?? []).map((_, k) => addArrays(results.map((result) => result.bins[k] ?? []))),
    zeros: addArrays(results.map((result) => result.zeros)),
    sums: addArrays(results.map((result) => result.sums)),
  }),
};

class BinsRunner implements Runner<Bins> {
  readonly #request: BinsPass;
  readonly #bench: Workbench;
  readonly #tables: readonly number[];
  readonly #zeros: Float64Array;
  readonly #sums: Float64Array;

  constructor(request: BinsPass, bench: Workbench) {
    this.#request = request;
    this.#bench = bench;
    const count = rankedCount(request.of, bench);
    const first = bench.reserve(count * BINS * 4);
    bench.clear(first, count * BINS * 4);
    this.#tables = Array.from({ length: count }, (_, k) => first + k * BINS * 4);
    this.#zeros = new Float64Array(count);
    this.#sums = new Float64Array(count);
  }

  segment(offset: number, n: number): void {
    const { kernels } = this.#bench;
    const vectors = rankedVectors(this.#request.of, this.#bench, offset, n);
    vectors.forEach((vector, k) => {
      kernels.histogram(vector, this.#tables[k] ?? 0, n);
      this.#zeros[k] = (this.#zeros[k] ?? 0) + kernels.countEqual(vector, 0, n);
      if (this.#request.sums) this.#sums[k] = (this.#sums[k] ?? 0) + kernels.sumMagnitudes(vector, 0, n);
    });
    if (vectors.some((vector) => kernels.countNonFiniteF32(vector, n) > 0))
      this.#bench.noteNonFinite(offset, n, 0);
  }

  finish(): Bins {
    return {
      bins: this.#tables.map((table) => this.#bench.u32(table, BINS).slice()),
      zeros: this.#zeros,
      sums: this.#sums,
    };
  }
}
