import type { RangeValues, SparseCounts, Within, WithinPass } from "../requests.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import type { Pass, Runner } from "./pass.ts";
import { allOperands, rankedVectors } from "./ranked-vectors.ts";
import { addArrays } from "./sums.ts";

const LOW_VALUES = 32_768;
/** Distinct values that a range may report; F32 weights have more, and rarely need them. */
const MOST_DISTINCT = 1_024;

/** Histograms of the lower 15 bits of magnitudes within chosen bins. */
export const withinPass: Pass<"within"> = {
  reads: (_request, bench) => allOperands(bench),
  start: (request, bench, range) => new WithinRunner(request, bench, range),
  merge: (results) => ({
    bins: (results[0]?.bins ?? []).map((tables, k) =>
      tables.map((_, slot) => addArrays(results.map((result) => result.bins[k]?.[slot] ?? []))),
    ),
    sumsAbove: (results[0]?.sumsAbove ?? []).map((_, k) =>
      addArrays(results.map((result) => result.sumsAbove[k] ?? [])),
    ),
    ranges: results.flatMap((result) => result.ranges),
  }),
};

interface Slot {
  readonly bin: number;
  readonly table: number;
}

class WithinRunner implements Runner<Within> {
  readonly #request: WithinPass;
  readonly #bench: Workbench;
  readonly #range: Range;
  readonly #slots: readonly (readonly Slot[])[];
  readonly #sumsAbove: readonly Float64Array[];

  constructor(request: WithinPass, bench: Workbench, range: Range) {
    this.#request = request;
    this.#bench = bench;
    this.#range = range;
    const count = request.chosen.reduce((sum, bins) => sum + bins.length, 0);
    let table = bench.reserve(count * LOW_VALUES * 4);
    bench.clear(table, count * LOW_VALUES * 4);
    this.#slots = request.chosen.map((bins) =>
      bins.map((bin) => {
        const slot = { bin, table };
        table += LOW_VALUES * 4;
        return slot;
      }),
    );
    this.#sumsAbove = request.chosen.map((bins) => new Float64Array(bins.length));
  }

  segment(offset: number, n: number): void {
    const { kernels } = this.#bench;
    const vectors = rankedVectors(this.#request.of, this.#bench, offset, n);
    this.#slots.forEach((slots, k) => {
      const sums = this.#sumsAbove[k] ?? new Float64Array();
      slots.forEach(({ bin, table }, slot) => {
        kernels.histogramWithin(vectors[k] ?? 0, table, bin, n);
        if (this.#request.sums)
          sums[slot] = (sums[slot] ?? 0) + kernels.sumMagnitudes(vectors[k] ?? 0, (bin + 1) * LOW_VALUES, n);
      });
    });
  }

  finish(): Within {
    const bins = this.#slots.map((slots) =>
      slots.map(({ table }) => this.#bench.u32(table, LOW_VALUES).slice()),
    );
    const values: RangeValues = {
      begin: this.#range.begin,
      values: bins.map((tables) => tables.map(distinct)),
    };
    return { bins, sumsAbove: this.#sumsAbove, ranges: this.#request.byRange ? [values] : [] };
  }
}

function distinct(counts: Uint32Array): SparseCounts | undefined {
  const low: number[] = [];
  for (let value = 0; value < counts.length; value++) if ((counts[value] ?? 0) > 0) low.push(value);
  if (low.length > MOST_DISTINCT) return undefined;
  return { low: Uint16Array.from(low), counts: Uint32Array.from(low, (value) => counts[value] ?? 0) };
}
