import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { RANK_LIMITS_AT, RANK_TABLE_BYTES } from "../../src/kernels/row-rank.ts";
import { makeNormal } from "../fixtures/random.ts";

const memory = new WebAssembly.Memory({ initial: 8 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);
const [D, PLACES, BINS] = [0, 1, 2].map((k) => FIRST_FREE_ADDRESS + k * 65_536) as [number, number, number];
const LIMITS = BINS + RANK_LIMITS_AT;
const BITS = BINS + RANK_TABLE_BYTES;
const SUMS = BITS + 1024;
const TWO_31 = 2 ** 31;

const values = (n: number) => new Float32Array(memory.buffer, D, n);

/** Normal values, many zeros and equal magnitudes among them, a few tiny ones, one huge one. */
function fill(n: number, seed: number): void {
  const normal = makeNormal(seed);
  new Uint8Array(memory.buffer, BINS, RANK_TABLE_BYTES).fill(0);
  values(n + 8).forEach((_, i, all) => {
    const [kind, value] = [i % 11, normal()];
    all[i] = kind < 2 ? 0 : kind === 2 ? -0.5 : kind === 3 ? value * 1e-7 : i === 40 ? 1e4 : value;
  });
}

/** Mean rank of each entry, 0 for the smallest, by the definition: bins of 1/64 octave below the row's largest. */
function meanRanks(row: readonly number[]): number[] {
  const step = (value: number) => {
    if (value === 0) return -Infinity;
    const octave = Math.floor(Math.log2(value));
    return 64 * octave + Math.floor((value / 2 ** octave - 1) * 64);
  };
  const magnitudes = row.map(Math.abs);
  const most = step(Math.max(...magnitudes));
  const bins = magnitudes.map((value) => (most === -Infinity ? 0 : Math.min(most - step(value), 1023)));
  return bins.map((bin) => {
    const below = bins.filter((other) => other > bin).length;
    return below + (bins.filter((other) => other === bin).length - 1) / 2;
  });
}

describe("kernels that drop by rank", () => {
  for (const row of [1, 2, 3, 5, 8, 31, 32, 33, 100, 301, 2048, 4096]) {
    it(`give the bits of their scalar twins in rows of ${row}`, () => {
      const rows = Math.min(20, Math.floor(4096 / row));
      const n = rows * row;
      const [low, slope] = [0.3 * 2 ** 32 - TWO_31, row === 1 ? 0 : (0.2 / (row - 1)) * 2 ** 32];
      const results = [simd, twin].map((k) => {
        fill(n, row);
        k.limitsByRank(D, PLACES, BINS, row, low, slope, n);
        k.clearDrawn(D, PLACES, 0xffff_ffc1, 5, 0x8000_0001, n);
        return [...values(n)].map((value) => (Object.is(value, -0) ? "-0" : value));
      });
      assert.deepEqual(results[0], results[1]);
    });

    it(`keep an entry by its rank alone in rows of ${row}`, () => {
      // Entries are dropped for certain below one rank, and kept for certain from the next on.
      const [low, slope] = row === 1 ? [TWO_31, 0] : [-TWO_31 - 0.995 * row * 2 ** 31, 2 ** 31];
      fill(row, row);
      const before = [...values(row)];
      simd.limitsByRank(D, PLACES, BINS, row, low, slope, row);
      simd.clearDrawn(D, PLACES, 0, 1, 2, row);
      const kept = values(row);
      meanRanks(before).forEach((rank, i) => {
        const twice = 2 * rank;
        if (row === 1 || low + slope * twice >= TWO_31) assert.equal(kept[i], before[i], `rank ${rank}`);
        else if (low + slope * twice <= -TWO_31) assert.equal(kept[i], 0, `rank ${rank}`);
      });
    });
  }

  it("do to the pieces of a row what they do to it as a whole", () => {
    const n = 4001;
    const [low, slope] = [0.2 * 2 ** 32 - TWO_31, (0.3 / (n - 1)) * 2 ** 32];
    const pieces = [0, 1600, 3200].map((begin) => [begin, Math.min(1600, n - begin)] as const);
    for (const k of [simd, twin]) {
      fill(n, 3);
      k.limitsByRank(D, PLACES, BINS, n, low, slope, n);
      k.clearDrawn(D, PLACES, 7, 11, 13, n);
      const whole = [...values(n)];
      fill(n, 3);
      const top = Math.max(...pieces.map(([begin, length]) => k.largestKey(D + begin * 4, length)));
      for (const [begin, length] of pieces) k.countByBin(D + begin * 4, PLACES, BINS, top, length);
      k.limitsOfBins(BINS, LIMITS, n, low, slope);
      // From the last on: what pads a piece is then already done with.
      for (const [begin, length] of pieces.toReversed()) {
        const behind = values(n).slice(begin + length);
        k.limitsByBin(D + begin * 4, PLACES, LIMITS, top, length);
        k.clearDrawn(D + begin * 4, PLACES, 7 + begin, 11, 13, length);
        values(n).set(behind, begin + length);
      }
      assert.deepEqual([...values(n)], whole);
      assert.ok(whole.filter((value) => value !== 0).length > n / 4);
    }
  });

  for (const n of [...Array(18).keys(), 255, 4001])
    it(`sum what they keep of ${n}, and tell it in bits that drop the same`, () => {
      const [low, slope] = [0.2 * 2 ** 32 - TWO_31, (0.3 / Math.max(1, n - 1)) * 2 ** 32];
      const results = [simd, twin].map((k) => {
        fill(n, 5);
        k.limitsByRank(D, PLACES, BINS, n, low, slope, n);
        new Uint8Array(memory.buffer, BITS, 600).fill(0xaa);
        k.sumDrawn(D, PLACES, BITS, SUMS, 7, 11, 13, n);
        const sums = [...new Float64Array(memory.buffer, SUMS, 2)];
        const bits = [...new Uint8Array(memory.buffer, BITS, 600)];
        const vector = values(n).slice();
        const whole = simd.sumMagnitudes(D, 0, n);
        k.clearByBits(D, BITS, n);
        const kept = [...values(n)];
        values(n).set(vector);
        k.clearDrawn(D, PLACES, 7, 11, 13, n);
        assert.deepEqual([...values(n)], kept);
        assert.deepEqual(sums, [whole, simd.sumMagnitudes(D, 0, n)]);
        return { sums, bits, kept };
      });
      assert.deepEqual(results[0], results[1]);
    });
});
