import { rowLength } from "../../tensor/shape.ts";
import type { Factors, FactorsPass } from "../requests.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { factorOf, Importance } from "./importance.ts";
import type { Pass, Runner } from "./pass.ts";
import { allOperands } from "./ranked-vectors.ts";
import { StoredRows } from "./stored-rows.ts";
import { addArrays } from "./sums.ts";
import { addValues, BIN_TABLE_BYTES, countsOfBins } from "./value-counts.ts";

/** Of each row one part in so many is sampled, of neighbouring rows one after the other. */
const PARTS = 4;

/** The factor of each row. */
export const factorsPass: Pass<"factors"> = {
  reads: (_request, bench) => allOperands(bench),
  byRows: () => true,
  start: (request, bench, range) => {
    const row = rowLength(bench.tensor?.shape ?? []);
    const memory = bench.reserve(StoredRows.BYTES + 2 * BIN_TABLE_BYTES);
    const rows = StoredRows.over(row, bench, memory);
    if (rows === undefined) return stepByStep(row, bench, range);
    return new FactorsRunner(request, { row, rows, table: memory + StoredRows.BYTES }, bench, range);
  },
  merge: (results) => {
    const samples = results.flatMap(({ sample }) => sample ?? []);
    const bins = samples.flatMap((sample) => sample.bins);
    const parts = results.flatMap((result) => result.parts);
    if (bins.length === 0) return { parts };
    const none = new Float64Array(1);
    const zeros = addArrays(samples.map((sample) => sample.zeros));
    return { parts, sample: { bins: [bins.reduce(addValues)], zeros, sums: none } };
  },
};

function stepByStep(row: number, bench: Workbench, { begin, end }: Range): Runner<Factors> {
  const importance = new Importance(bench, undefined);
  const factors = new Float32Array((end - begin) / row);
  return {
    scans: importance.scans,
    scan: (...segment) => importance.scan(...segment),
    segment: (offset, n) => {
      const first = bench.range.begin + offset - begin;
      importance.eachRow(
        offset,
        n,
        (factor, _delta, at) => (factors[Math.floor((first + at) / row)] = factor),
      );
    },
    finish: () => ({ parts: [{ begin, factors }] }),
  };
}

interface Rows {
  /** Elements of a row. */
  readonly row: number;
  readonly rows: StoredRows;
  /** Address of a histogram, and of as much room behind it. */
  readonly table: number;
}

/** Row by row from stored values, with a sample of the importances. */
class FactorsRunner implements Runner<Factors> {
  readonly #rows: Rows;
  readonly #bench: Workbench;
  readonly #begin: number;
  readonly #factors: Float32Array;
  readonly #samples: boolean;
  #zeros = 0;

  constructor({ sample }: FactorsPass, rows: Rows, bench: Workbench, { begin, end }: Range) {
    this.#rows = rows;
    this.#bench = bench;
    this.#begin = begin;
    this.#factors = new Float32Array((end - begin) / rows.row);
    this.#samples = sample;
    if (sample) bench.clear(rows.table, BIN_TABLE_BYTES);
  }

  /** The rows that begin in the segment; those that are longer lie in the window as a whole. */
  segment(offset: number, n: number): void {
    const { row, rows } = this.#rows;
    const start = this.#bench.range.begin + offset;
    for (let index = Math.ceil(start / row); index * row < start + n; index++) {
      const factor = factorOf(rows.divergence(offset + index * row - start));
      this.#factors[index - this.#begin / row] = factor;
      if (this.#samples) this.#sample(index, factor);
    }
  }

  #sample(index: number, factor: number): void {
    const { kernels } = this.#bench;
    const { row, rows, table } = this.#rows;
    const part = index % PARTS;
    const [first, last] = [Math.floor((part * row) / PARTS), Math.floor(((part + 1) * row) / PARTS)];
    kernels.scaleMagnitudes(rows.delta + first * 4, rows.free, factor, last - first);
    kernels.histogram(rows.free, table, last - first);
    this.#zeros += kernels.countEqual(rows.free, 0, last - first);
  }

  finish(): Factors {
    const parts = [{ begin: this.#begin, factors: this.#factors }];
    if (!this.#samples) return { parts };
    const { table } = this.#rows;
    const bins = [countsOfBins(this.#bench, table, table + BIN_TABLE_BYTES)];
    return { parts, sample: { bins, zeros: Float64Array.of(this.#zeros), sums: new Float64Array(1) } };
  }
}
