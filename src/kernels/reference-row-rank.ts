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

/** The sum of magnitudes in the order of the kernels: four lanes, then the last elements. */
function sumInLanes(values: readonly number[]): number {
  const whole = values.length - (values.length % 4);
  const lanes = [0, 1, 2, 3].map((lane) => {
    let sum = 0;
    for (let i = lane; i < whole; i += 4) sum += Math.abs(at(values, i));
    return sum;
  });
  return [...lanes, ...values.slice(whole)].reduce((sum, value) => sum + Math.abs(value));
}

/** The scalar twin of the kernels that drop by rank. */
export function referenceRowRank(memory: WebAssembly.Memory): RowRankKernels {
  const u32 = (ptr: Address, n: number) => new Uint32Array(memory.buffer, ptr, n);
  const i32 = (ptr: Address, n: number) => new Int32Array(memory.buffer, ptr, n);
  const largestKey = (d: Address, n: number) =>
    u32(d, n).reduce((most, bits) => Math.max(most, bits & MAGNITUDE), 0);
  /** Replaces places by the limits of the bins. */
  const limitEach = (d: Address, places: Address, limits: ArrayLike<number>, top: number, n: number) => {
    i32(places, n).set([...u32(d, n)].map((bits) => at(limits, binOf(bits, top))));
  };
  const keptOf = (limits: Address, index: number, key0: number, key1: number, n: number) =>
    [...i32(limits, n)].map((limit, i) => mix((Math.imul(index + i, key0 | 1) + key1) | 0) - 2 ** 31 < limit);
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
    limitsByBin: (d, places, limits, top, n) => {
      limitEach(d, places, i32(limits, BINS), top, n);
    },
    limitsByRank: (d, places, _bins, row, low, slope, n) => {
      for (let begin = 0; begin < n; begin += row) {
        const address = d + begin * 4;
        const top = largestKey(address, row);
        const counts = new Uint32Array(BINS);
        for (const bits of u32(address, row)) counts[binOf(bits, top)] = at(counts, binOf(bits, top)) + 1;
        limitEach(address, places + begin * 4, limitsOf(counts, row, low, slope), top, row);
      }
    },
    clearDrawn: (d, limits, ...draws) => {
      const bits = u32(d, draws[3]);
      keptOf(limits, ...draws).forEach((kept, i) => {
        if (!kept) bits[i] = 0;
      });
    },
    sumDrawn: (d, limits, bits, sums, ...draws) => {
      const kept = keptOf(limits, ...draws);
      const values = [...new Float32Array(memory.buffer, d, kept.length)];
      const bytes = new Uint8Array(memory.buffer, bits, Math.ceil(kept.length / 8)).fill(0);
      kept.forEach((each, i) => (bytes[i >> 3] = at(bytes, i >> 3) | (Number(each) << (i & 7))));
      const dropped = values.map((value, i) => (kept[i] === true ? value : 0));
      new Float64Array(memory.buffer, sums, 2).set([sumInLanes(values), sumInLanes(dropped)]);
    },
    clearByBits: (d, bits, n) => {
      const bytes = new Uint8Array(memory.buffer, bits, Math.ceil(n / 8));
      u32(d, n).forEach((_, i, values) => {
        if (((at(bytes, i >> 3) >> (i & 7)) & 1) === 0) values[i] = 0;
      });
    },
  };
}
