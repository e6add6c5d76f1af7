import type { StoredKernels } from "../../kernels/stored.ts";
import type { RowFactors } from "../../methods/statistics.ts";
import { rowLength } from "../../tensor/shape.ts";
import type { Window, Within, WithinPass } from "../requests.ts";
import type { Workbench } from "../workbench.ts";
import { eachRowPart } from "./importance.ts";
import type { Pass, Runner } from "./pass.ts";
import { countsIn } from "./value-counts.ts";
import { withinPass as steps } from "./within.ts";

const BIN_KEYS = 2 ** 15;
/** As many as the kernel counts at a time: median and quartiles. */
const WINDOWS = 3;
/** Start and end of a window that no number is in or above. */
const NOWHERE = 0x7fff_8000;

/** Histograms within windows; importances of stored values of one dtype are counted as they are read. */
export const withinPass: Pass<"within"> = {
  ...steps,
  start: (request, bench, range) =>
    ImportanceWithin.over(request, bench) ?? steps.start(request, bench, range),
};

/** Tells no spread over ranges: nothing keeps a number of equal importances. */
class ImportanceWithin implements Runner<Within> {
  readonly #bench: Workbench;
  readonly #row: number;
  readonly #factors: NonNullable<RowFactors>;
  readonly #windows: readonly Window[];
  readonly #count: StoredKernels["windowsImportanceF32"];
  /** Addresses: of the windows as the kernel has them; of their tables; of room for what occurs in one of them. */
  readonly #edges: number;
  readonly #tables: readonly number[];
  readonly #pairs: number;

  private constructor(
    factors: NonNullable<RowFactors>,
    windows: readonly Window[],
    bench: Workbench,
    count: StoredKernels["windowsImportanceF32"],
  ) {
    this.#bench = bench;
    this.#row = rowLength(bench.tensor?.shape ?? []);
    this.#factors = factors;
    this.#windows = windows;
    this.#count = count;
    const sizes = windows.map(({ bins }) => bins * BIN_KEYS * 4);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    this.#edges = bench.reserve(64 + all + 2 * Math.max(0, ...sizes));
    bench.clear(this.#edges, 64 + all);
    this.#tables = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, this.#edges + 64));
    this.#pairs = this.#edges + 64 + all;
    const edges = bench.u32(this.#edges, 4 * WINDOWS);
    for (let slot = 0; slot < WINDOWS; slot++) {
      const { bin, bins } = windows[slot] ?? { bin: 0, bins: 0 };
      const ends = bins > 0 ? [bin * BIN_KEYS, (bin + bins) * BIN_KEYS] : [NOWHERE, NOWHERE];
      edges.set([...ends, this.#tables[slot] ?? 0, 0], 4 * slot);
    }
  }

  /** Undefined where the steps must be taken one by one. */
  static over(request: WithinPass, bench: Workbench): ImportanceWithin | undefined {
    const { of, rows, sums, windows } = request;
    const [own] = windows;
    if (of !== "importance" || rows === undefined || sums || own === undefined) return undefined;
    const dtype = bench.sharedDtype([0, 1], false);
    if (dtype === undefined || own.length > WINDOWS) return undefined;
    return new ImportanceWithin(rows, own, bench, bench.kernels[`windowsImportance${dtype}`]);
  }

  segment(offset: number, n: number): void {
    const bench = this.#bench;
    const [b, x] = [bench.operand(0), bench.operand(1)];
    eachRowPart(this.#row, bench.range.begin + offset, n, (index, at, length) =>
      this.#count(
        b.slot + (offset + at) * b.elementBytes,
        x.slot + (offset + at) * x.elementBytes,
        this.#edges,
        bench.scratch(0),
        this.#factors[index] ?? NaN,
        length,
      ),
    );
  }

  finish(): Within {
    const bench = this.#bench;
    const counted = [...bench.u32(this.#edges, 4 * WINDOWS + 1)];
    const counts = this.#windows.map(({ bins }, slot) => {
      const values = countsIn(bench, this.#tables[slot] ?? 0, bins * BIN_KEYS, this.#pairs);
      return { values, above: counted[4 * slot + 3] ?? 0, sumAbove: 0 };
    });
    return { counts: [counts], zeros: Float64Array.of(counted[4 * WINDOWS] ?? 0), ranges: [] };
  }
}
