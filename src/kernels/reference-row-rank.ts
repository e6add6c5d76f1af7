import type { Address } from "./address.ts";
import { mix } from "./reference-elementwise.ts";
import { RANK_LIMITS_AT } from "./row-rank.ts";
import type { RowRankKernels } from "./row-rank.ts";

const BINS = RANK_LIMITS_AT / 8;
const MAGNITUDE = 0x7fff_ffff;
const r = Math.fround;

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}

function binOf(bits: number, top: number): number {
  return Math.min((top >>> 17) - ((bits & MAGNITUDE) >>> 17), BINS - 1);
}

function limitOf(below: number, count: number, low: number, slope: number): number {
  const rank = r(r(2 * r(below)) + r(count - 1));
  const limit = Math.trunc(r(r(low) + r(r(slope) * rank)));
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, limit));
}

/** The limits of all bins from the counts of a row. */
function limitsOf(counts: ArrayLike<number>, row: number, low: number, slope: number): number[] {
  let below = row;
  return Array.from({ length: BINS }, (_, bin) => {
    below -= at(counts, bin);
    return limitOf(below, at(counts, bin), low, slope);
  });
}

/** The scalar twin of the kernels that drop by rank. */
export function referenceRowRank(memory: WebAssembly.Memory): RowRankKernels {
  const u32 = (ptr: Address, n: number) => new Uint32Array(memory.buffer, ptr, n);
  const i32 = (ptr: Address, n: number) => new Int32Array(memory.buffer, ptr, n);
  const largestKey = (d: Address, n: number) =>
    u32(d, n).reduce((most, bits) => Math.max(most, bits & MAGNITUDE), 0);
  const clear = (
    d: Address,
    limits: ArrayLike<number>,
    top: number,
    index: number,
    key0: number,
    key1: number,
    n: number,
  ) => {
    const bits = u32(d, n);
    bits.forEach((value, i) => {
      const draw = mix((Math.imul(index + i, key0 | 1) + key1) | 0) - 2 ** 31;
      if (draw >= at(limits, binOf(value, top))) bits[i] = 0;
    });
  };
  return {
    largestKey,
    countByBin: (d, _places, bins, top, n) => {
      const counts = u32(bins, 2 * BINS);
      u32(d, n).forEach((bits, i) => {
        const place = binOf(bits, top) + (i % 2) * BINS;
        counts[place] = at(counts, place) + 1;
      });
    },
    limitsOfBins: (bins, limits, row, low, slope) => {
      const counts = u32(bins, 2 * BINS);
      const joined = Array.from({ length: BINS }, (_, bin) => at(counts, bin) + at(counts, bin + BINS));
      counts.fill(0);
      i32(limits, BINS).set(limitsOf(joined, row, low, slope));
    },
    clearByBin: (d, _places, limits, top, index, key0, key1, n) =>
      clear(d, i32(limits, BINS), top, index, key0, key1, n),
    clearByRank: (d, _places, _bins, row, low, slope, index, key0, key1, n) => {
      for (let begin = 0; begin < n; begin += row) {
        const address = d + begin * 4;
        const top = largestKey(address, row);
        const counts = new Uint32Array(BINS);
        for (const bits of u32(address, row)) counts[binOf(bits, top)] = at(counts, binOf(bits, top)) + 1;
        clear(address, limitsOf(counts, row, low, slope), top, index + begin, key0, key1, row);
      }
    },
  };
}
