import type { Bins, BinsPass } from "../requests.ts";
import type { Workbench } from "../workbench.ts";
import type { Pass, Runner } from "./pass.ts";
import { allOperands, rankedCount, ranksByRows, vectorsToRank } from "./ranked-vectors.ts";
import { addArrays } from "./sums.ts";
import { addValues, BIN_TABLE_BYTES, countsOfBins } from "./value-counts.ts";

/** Histograms of the upper 16 bits of magnitudes, one for each ranked vector. */
export const binsPass: Pass<"bins"> = {
  reads: (_request, bench) => allOperands(bench),
  every: ({ every }) => every,
  byRows: ({ of, rows }) => ranksByRows(of, rows),
  start: (request, bench) => new BinsRunner(request, bench),
  merge: (results) => ({
    bins: (results[0]?.bins ?? []).map((_, k) =>
      results.flatMap(({ bins }) => bins[k] ?? []).reduce(addValues),
    ),
    zeros: addArrays(results.map((result) => result.zeros)),
    sums: addArrays(results.map((result) => result.sums)),
  }),
};

class BinsRunner implements Runner<Bins> {
  readonly #request: BinsPass;
  readonly #bench: Workbench;
  readonly #vectors: ReturnType<typeof vectorsToRank>;
  readonly #tables: readonly number[];
  readonly #zeros: Float64Array;
  readonly #sums: Float64Array;

  constructor(request: BinsPass, bench: Workbench) {
    this.#request = request;
    this.#bench = bench;
    this.#vectors = vectorsToRank(request.of, bench, request.rows);
    const count = rankedCount(request.of, bench);
    const first = bench.reserve(count * BIN_TABLE_BYTES);
    bench.clear(first, count * BIN_TABLE_BYTES);
    this.#tables = Array.from({ length: count }, (_, k) => first + k * BIN_TABLE_BYTES);
    this.#zeros = new Float64Array(count);
    this.#sums = new Float64Array(count);
  }

  get scans(): number {
    return this.#vectors.scans;
  }

  scan(step: number, offset: number, n: number): void {
    this.#vectors.scan(step, offset, n);
  }

  segment(offset: number, n: number): void {
    const { kernels } = this.#bench;
    const vectors = this.#vectors.at(offset, n, this.#zeros);
    vectors.forEach((vector, k) => {
      kernels.histogram(vector, this.#tables[k] ?? 0, n);
      if (this.#request.sums) this.#sums[k] = (this.#sums[k] ?? 0) + kernels.sumMagnitudes(vector, 0, n);
    });
  }

  finish(): Bins {
    const bench = this.#bench;
    const pairs =
      bench.reserve((this.#tables.length + 2) * BIN_TABLE_BYTES) + this.#tables.length * BIN_TABLE_BYTES;
    return {
      bins: this.#tables.map((table) => countsOfBins(bench, table, pairs)),
      zeros: this.#zeros,
      sums: this.#sums,
    };
  }
}
