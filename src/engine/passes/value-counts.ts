import type { ValueCounts } from "../requests.ts";
import type { Workbench } from "../workbench.ts";

const BINS = 65_536;
/** Of a histogram of the upper 16 bits of magnitudes: the kernel counts into two tables in turn. */
export const BIN_TABLE_BYTES = 2 * BINS * 4;

/** What such a histogram holds; `pairs` is room for as many bytes. */
export function countsOfBins(bench: Workbench, table: number, pairs: number): ValueCounts {
  const [even, odd] = [bench.u32(table, BINS), bench.u32(table + BINS * 4, BINS)];
  for (let bin = 0; bin < BINS; bin++) even[bin] = (even[bin] ?? 0) + (odd[bin] ?? 0);
  return countsIn(bench, table, BINS, pairs);
}

/** What a table of `size` u32 counts holds; `pairs` is room for 2 u32 for each that is not 0. */
export function countsIn(bench: Workbench, table: number, size: number, pairs: number): ValueCounts {
  const found = bench.kernels.occurring(table, size, pairs);
  const list = bench.u32(pairs, 2 * found);
  const [offsets, counts] = [new Uint32Array(found), new Uint32Array(found)];
  for (let i = 0; i < found; i++) {
    offsets[i] = list[2 * i] ?? 0;
    counts[i] = list[2 * i + 1] ?? 0;
  }
  return { offsets, counts };
}

/** Joins two rising lists. */
export function addValues(a: ValueCounts, b: ValueCounts): ValueCounts {
  const most = a.offsets.length + b.offsets.length;
  const [offsets, counts] = [new Uint32Array(most), new Float64Array(most)];
  let found = 0;
  for (let i = 0, j = 0; i < a.offsets.length || j < b.offsets.length; found++) {
    const [first = Infinity, second = Infinity] = [a.offsets[i], b.offsets[j]];
    offsets[found] = Math.min(first, second);
    counts[found] =
      (first <= second ? (a.counts[i++] ?? 0) : 0) + (second <= first ? (b.counts[j++] ?? 0) : 0);
  }
  return { offsets: offsets.subarray(0, found), counts: counts.subarray(0, found) };
}
