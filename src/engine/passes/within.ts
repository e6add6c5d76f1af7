import type { RangeValues, WindowCounts, Within, WithinPass } from "../requests.ts";
import type { StoredKernels } from "../../kernels/stored.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import type { Pass, Runner } from "./pass.ts";
import { allOperands, rankedCount, ranksByRows, vectorsToRank } from "./ranked-vectors.ts";
import { addArrays } from "./sums.ts";
import { addValues, countsIn } from "./value-counts.ts";

/** Keys in a bin. */
const BIN_KEYS = 32_768;
/** Distinct values that a range may report; F32 weights have more, and rarely need them. */
const MOST_DISTINCT = 4_096;

/** Histograms of single magnitudes within windows. */
export const withinPass: Pass<"within"> = {
  reads: (_request, bench) => allOperands(bench),
  byRows: ({ of, rows }) => ranksByRows(of, rows),
  start: (request, bench, range) => new WithinRunner(request, bench, range),
  merge: (results, { windows }) => ({
    counts: windows.map((each, k) =>
      each.map((_, slot) => results.flatMap((result) => result.counts[k]?.[slot] ?? []).reduce(addCounts)),
    ),
    zeros: addArrays(results.map((result) => result.zeros)),
    ranges: results.flatMap((result) => result.ranges),
  }),
};

function addCounts(a: WindowCounts, b: WindowCounts): WindowCounts {
  return {
    values: addValues(a.values, b.values),
    above: a.above + b.above,
    sumAbove: a.sumAbove + b.sumAbove,
  };
}

interface Slot {
  readonly low: number;
  readonly high: number;
  readonly table: number;
  above: number;
  sumAbove: number;
}

const NO_SLOT: Slot = { low: 0, high: 0, table: 0, above: 0, sumAbove: 0 };

class WithinRunner implements Runner<Within> {
  readonly #request: WithinPass;
  readonly #bench: Workbench;
  readonly #vectors: ReturnType<typeof vectorsToRank>;
  readonly #range: Range;
  readonly #slots: readonly (readonly Slot[])[];
  readonly #zeros: Float64Array;
  /** Room for the pairs of a table, as many as it can hold. */
  readonly #pairs: number;
  readonly #stored: StoredKernels["windowStoredF32"] | undefined;

  constructor(request: WithinPass, bench: Workbench, range: Range) {
    this.#request = request;
    this.#bench = bench;
    this.#vectors = vectorsToRank(request.of, bench, request.rows);
    this.#range = range;
    this.#zeros = new Float64Array(rankedCount(request.of, bench));
    const keys = request.windows.flat().reduce((sum, { bins }) => sum + bins * BIN_KEYS, 0);
    const most = Math.max(0, ...request.windows.flat().map(({ bins }) => bins * BIN_KEYS));
    let table = bench.reserve(keys * 4 + most * 8);
    this.#pairs = table + keys * 4;
    const dtype = bench.sharedDtype([...bench.operands.keys()], false);
    const plain = request.of === "taskVectors" || (request.of === "variance" && bench.operands.length === 3);
    const direct = plain && !request.sums && request.windows.every(({ length }) => length > 0);
    if (dtype !== undefined && direct) this.#stored = bench.kernels[`windowStored${dtype}`];
    bench.clear(table, keys * 4);
    this.#slots = request.windows.map((windows) =>
      windows.map(({ bin, bins }) => {
        const slot = { low: bin * BIN_KEYS, high: (bin + bins) * BIN_KEYS, table, above: 0, sumAbove: 0 };
        table += bins * BIN_KEYS * 4;
        return slot;
      }),
    );
  }

  get scans(): number {
    return this.#vectors.scans;
  }

  scan(step: number, offset: number, n: number): void {
    this.#vectors.scan(step, offset, n);
  }

  segment(offset: number, n: number): void {
    if (this.#stored === undefined) this.#steps(offset, n);
    else this.#whole(this.#stored, offset, n);
  }

  /** Differences of one dtype are counted as they are read. */
  #whole(windowStored: StoredKernels["windowStoredF32"], offset: number, n: number): void {
    const bench = this.#bench;
    const base = bench.stored(0, offset);
    // Two task vectors vary as much as they are apart.
    const other = this.#request.of === "variance" ? bench.stored(2, offset) : 0;
    this.#slots.forEach((slots, k) => {
      const model = bench.stored(k + 1, offset);
      for (let at = 0; at < slots.length;) {
        const [slot = NO_SLOT, next = NO_SLOT] = slots.slice(at, at + 2);
        // A second window is counted on the way if it lies above the first.
        const two = next.table !== 0 && slot.high <= next.low;
        const tables = [slot.table, two ? next.table : 0] as const;
        const edges = [slot.low, slot.high, next.low, next.high] as const;
        windowStored(base, model, other, ...tables, bench.results, bench.scratch(0), ...edges, n);
        const [zeros = 0, above = 0, aboveNext = 0] = bench.u32(bench.results, 3);
        slot.above += above;
        if (two) next.above += aboveNext;
        if (at === 0) this.#zeros[k] = (this.#zeros[k] ?? 0) + zeros;
        at += two ? 2 : 1;
      }
    });
  }

  #steps(offset: number, n: number): void {
    const { kernels } = this.#bench;
    const vectors = this.#vectors.at(offset, n, this.#zeros);
    this.#slots.forEach((slots, k) => {
      const vector = vectors[k] ?? 0;
      for (const slot of slots) {
        slot.above += kernels.histogramWindow(vector, slot.table, slot.low, slot.high, n);
        if (this.#request.sums) slot.sumAbove += kernels.sumMagnitudes(vector, slot.high, n);
      }
    });
  }

  finish(): Within {
    const counts = this.#slots.map((slots) =>
      slots.map(({ table, low, high, above, sumAbove }) => {
        return { values: countsIn(this.#bench, table, high - low, this.#pairs), above, sumAbove };
      }),
    );
    const few = ({ values }: WindowCounts) => (values.offsets.length > MOST_DISTINCT ? undefined : values);
    const inRange: RangeValues = { begin: this.#range.begin, values: counts.map((each) => each.map(few)) };
    return { counts, zeros: this.#zeros, ranges: this.#request.byRange ? [inRange] : [] };
  }
}
