import assert from "node:assert/strict";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { JOIN } from "../../src/kernels/stored.ts";
import { ADDRESSES, DTYPES, fillStored, HALF, memory, ONE, QUARTER, simd, twin } from "./stored-values.ts";
import type { Dtype } from "./stored-values.ts";

const { B, X, Y, OUT, WORK, COUNTS, P, Q, TABLE } = ADDRESSES;
const LENGTHS = [...Array(20).keys(), 255, 256, 1000];
function drawn(k: Kernels, dtype: Dtype, n: number, w0: number, w1: number, mode: number): number {
  new Uint8Array(memory.buffer, P, 256).forEach((_, i, bits) => (bits[i] = Math.imul(i + 1, 0x9e37) >>> 3));
  return k[`drawnTwo${dtype}`](B, X, Y, OUT, WORK, P, P + 100, 0.6, -0.7, w0, w1, 1.2, mode, n);
}

/** Calls with edges that are hit, with negative factors, and with a divisor that can be 0. */
const CALLS: Record<string, (k: Kernels, dtype: Dtype, n: number) => number> = {
  "adding up": (k, dtype, n) =>
    k[`sparseTwo${dtype}`](
      ...[B, X, Y, OUT, WORK, COUNTS],
      ...[QUARTER, ONE, 0, ONE],
      ...[1, 1, 0.6, -0.7, 0, 0, 1.2, 0],
      JOIN.add,
      n,
    ),
  "adding up what was elected": (k, dtype, n) =>
    k[`sparseTwo${dtype}`](
      ...[B, X, Y, OUT, WORK, COUNTS],
      ...[QUARTER, 0x7f7f_ffff, HALF, ONE],
      ...[0.4, 0.5, -0.6, 0.7, 0, 0, 1.2, 0],
      JOIN.elect,
      n,
    ),
  "averaging what was elected": (k, dtype, n) =>
    k[`sparseTwo${dtype}`](
      ...[B, X, Y, OUT, WORK, COUNTS],
      ...[QUARTER, 0x7f7f_ffff, 0, 0x7f7f_ffff],
      ...[0.4, 0.5, 0.4, 0.5, 0.4, -0.4, 0.9, 0],
      JOIN.average,
      n,
    ),
  "averaging with a floor": (k, dtype, n) =>
    k[`sparseTwo${dtype}`](
      ...[B, X, Y, OUT, WORK, COUNTS],
      ...[0, 0x7f7f_ffff, 0, 0x7f7f_ffff],
      ...[1, 1, 1, 1, 1e-7, 0.3, 1, 1e-6],
      JOIN.average,
      n,
    ),
  "averaging by the distance apart": (k, dtype, n) =>
    k[`sparseTwo${dtype}`](
      ...[B, X, Y, OUT, WORK, COUNTS],
      ...[QUARTER, 0x7f7f_ffff, 0, 0],
      ...[1, 1, 0.3, 0.7, 0.3, 0.7, 1, 1e-6],
      JOIN.averageApart,
      n,
    ),
  "taking the larger": (k, dtype, n) => k[`largestOfTwo${dtype}`](B, X, Y, OUT, WORK, 1, n),
  "taking a part of the larger": (k, dtype, n) => k[`largestOfTwo${dtype}`](B, X, Y, OUT, WORK, -0.7, n),
  "averaging what overlaps": (k, dtype, n) => k[`overlapOfTwo${dtype}`](B, X, Y, OUT, WORK, 0.2, 1.1, 0.9, n),
  "averaging what overlaps, and taking the rest": (k, dtype, n) =>
    k[`overlapOfTwo${dtype}`](B, X, Y, OUT, WORK, 0.2, 1, 1, n),
  "adding up what either stands behind": (k, dtype, n) =>
    k[`agreedOfTwo${dtype}`](B, X, Y, OUT, WORK, 0.4, 0.8, 1, 0.6, n),
  "adding up what both stand behind": (k, dtype, n) =>
    k[`agreedOfTwo${dtype}`](B, X, Y, OUT, WORK, 0.4, 0.8, 2, 0.6, n),
  "taking what is important": (k, dtype, n) => k[`takeImportant${dtype}`](B, X, OUT, WORK, 3, 0.5, n),
  "adding up what bits keep": (k, dtype, n) => drawn(k, dtype, n, 0, 0, JOIN.add),
  "adding up what bits keep and signs elect": (k, dtype, n) => drawn(k, dtype, n, 0, 0, JOIN.elect),
  "averaging what bits keep and signs elect": (k, dtype, n) => drawn(k, dtype, n, 0.6, 0.7, JOIN.average),
  "moving near the base": (k, dtype, n) => k[`nearswapStored${dtype}`](X, B, OUT, WORK, 0.1, n),
};

/** What the call returned, wrote, and counted; results of values that are not finite have no meaning. */
function outcome(k: Kernels, dtype: Dtype, n: number, call: (typeof CALLS)[string]) {
  const size = dtype === "F32" ? 4 : 2;
  new Uint8Array(memory.buffer, OUT, 8192).fill(0xaa);
  new Int32Array(memory.buffer, COUNTS, 2).fill(-1);
  const returned = call(k, dtype, n);
  return {
    returned,
    out: returned === 0 ? [] : [...new Uint8Array(memory.buffer, OUT, n * size + 16)],
    counts: returned === 0 ? [] : [...new Int32Array(memory.buffer, COUNTS, 2)],
  };
}

describe("kernels on stored values", () => {
  for (const dtype of DTYPES)
    for (const [name, call] of Object.entries(CALLS))
      it(`${name} in ${dtype} gives the bits of the scalar twin and touches nothing else`, () => {
        for (const finite of [true, false]) {
          fillStored(dtype, finite);
          for (const n of LENGTHS)
            assert.deepEqual(
              outcome(simd, dtype, n, call),
              outcome(twin, dtype, n, call),
              `n = ${n}, finite: ${finite}`,
            );
        }
      });

  for (const dtype of DTYPES)
    it(`counting the differences within a window in ${dtype} gives the numbers of the scalar twin`, () => {
      fillStored(dtype, true);
      const width = 80_000;
      for (const [low, other, second] of [
        [0, 0, 0],
        [QUARTER - 40_000, 0, 0],
        [QUARTER - 40_000, Y, 0],
        [0, 0, QUARTER - 40_000],
        [QUARTER - 40_000, Y, ONE - 40_000],
      ] as const)
        for (const n of LENGTHS) {
          const results = [simd, twin].map((k) => {
            const table = new Uint32Array(memory.buffer, TABLE, 2 * width).fill(0);
            const tables = [TABLE, second === 0 ? 0 : TABLE + width * 4] as const;
            const edges = [low, low + width, second, second + width] as const;
            k[`windowStored${dtype}`](B, X, other, ...tables, COUNTS, WORK, ...edges, n);
            return [
              ...new Int32Array(memory.buffer, COUNTS, second === 0 ? 2 : 3),
              ...[...table.entries()].filter(([, c]) => c > 0),
            ];
          });
          assert.deepEqual(results[0], results[1], `n = ${n}, low = ${low}`);
          assert.ok(n < 100 || (results[0]?.length ?? 0) > 2);
        }
    });

  for (const dtype of DTYPES)
    it(`keeping what is apart in ${dtype} gives the bits of the scalar twin`, () => {
      fillStored(dtype, true);
      for (const low of [0, QUARTER])
        for (const n of LENGTHS) {
          const results = [simd, twin].map((k) => {
            const equal = k[`keepApart${dtype}`](B, X, Y, P, Q, WORK, low, ONE, n);
            return [equal, ...new Uint32Array(memory.buffer, P, n), ...new Uint32Array(memory.buffer, Q, n)];
          });
          assert.deepEqual(results[0], results[1], `n = ${n}, low = ${low}`);
          assert.ok(n < 100 || results[0]?.some((bits, i) => i > 0 && bits !== 0));
        }
    });

  for (const dtype of DTYPES)
    it(`decoding base and task vector in ${dtype} gives the bits and ranges of the scalar twin`, () => {
      fillStored(dtype, true);
      for (const n of LENGTHS.slice(1)) {
        const results = [simd, twin].map((k) => {
          k[`rangesStored${dtype}`](B, X, P, Q, n, COUNTS);
          const ranges = [...new Float64Array(memory.buffer, COUNTS, 3)].map((value) => value + 0);
          return [
            ...ranges,
            ...new Uint32Array(memory.buffer, P, n),
            ...new Uint32Array(memory.buffer, Q, n),
          ];
        });
        assert.deepEqual(results[0], results[1], `n = ${n}`);
        assert.ok(n < 100 || (results[0]?.[1] ?? 0) < -0.2);
      }
    });

  for (const dtype of DTYPES)
    it(`counting what is active in ${dtype} gives the numbers of the scalar twin`, () => {
      // Also with a value that is not finite, which is active.
      for (const finite of [true, false]) {
        fillStored(dtype, finite);
        for (const n of LENGTHS) {
          const results = [simd, twin].map((k) => {
            k[`activeOfTwo${dtype}`](B, X, Y, COUNTS, WORK, 0.2, n);
            return [...new Int32Array(memory.buffer, COUNTS, 3)];
          });
          assert.deepEqual(results[0], results[1], `n = ${n}`);
          const [both = 0, first = 0, second = 0] = results[0] ?? [];
          assert.ok(n < 100 || (both > 20 && first > both && second > both));
        }
      }
    });

  for (const dtype of DTYPES)
    it(`counting importances within windows in ${dtype} gives the numbers of the scalar twin`, () => {
      fillStored(dtype, true);
      const bin = 2 ** 15;
      const nowhere = 0x7fff_8000;
      for (const edges of [
        [0, 2 * bin, QUARTER, QUARTER + bin, ONE - bin, ONE + bin],
        [QUARTER, QUARTER + 2 * bin, QUARTER + bin, QUARTER + 3 * bin, nowhere, nowhere],
      ])
        for (const n of LENGTHS) {
          const results = [simd, twin].map((k) => {
            const tables = new Uint32Array(memory.buffer, TABLE, 300_000).fill(0);
            const windows = new Int32Array(memory.buffer, COUNTS, 13).fill(0);
            for (const [i, at] of [0, 4, 8].entries())
              windows.set([edges[2 * i] ?? 0, edges[2 * i + 1] ?? 0, TABLE + i * 100_000 * 4], at);
            // Again and again: each time adds to what is counted before.
            for (const factor of [1, 2, NaN, Infinity])
              k[`windowsImportance${dtype}`](B, X, COUNTS, WORK, factor, n);
            const counted: number[] = [];
            tables.forEach((count, key) => count > 0 && counted.push(key, count));
            return [...windows, ...counted];
          });
          assert.deepEqual(results[0], results[1], `n = ${n}, from ${edges[0]}`);
          assert.ok(n < 100 || (results[0]?.length ?? 0) > 13);
        }
    });

  it("leave steps below the least distance to the separate ones", () => {
    fillStored("F32", true);
    for (const k of [simd, twin])
      for (const t of [0, -1, 9e-7, NaN]) assert.equal(k.nearswapStoredF32(X, B, OUT, WORK, t, 100), 0);
  });
});
