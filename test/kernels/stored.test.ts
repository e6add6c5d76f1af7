import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { JOIN } from "../../src/kernels/stored.ts";
import { decodeHalfBits, encodeHalfBits } from "../../src/tensor/half.ts";
import { makeNormal } from "../fixtures/random.ts";

const memory = new WebAssembly.Memory({ initial: 40 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);
const LENGTHS = [...Array(20).keys(), 255, 256, 1000];
const [B, X, Y, OUT, WORK, COUNTS, P, Q, BASE, SUM] = Array.from(
  { length: 10 },
  (_, k) => FIRST_FREE_ADDRESS + k * 16_384,
) as [number, number, number, number, number, number, number, number, number, number];
const TABLE = SUM + 16_384;
const DTYPES = ["F32", "BF16", "F16"] as const;
type Dtype = (typeof DTYPES)[number];

/** Models near a base, with equal values, equal differences, zeros of both signs and, on request, values not finite. */
function fill(dtype: Dtype, finite: boolean): void {
  const normal = makeNormal(5);
  const put = (address: number, i: number, value: number) => {
    if (dtype === "F32") new Float32Array(memory.buffer, address, 1100)[i] = value;
    else new Uint16Array(memory.buffer, address, 1100)[i] = encodeHalfBits(dtype, value);
  };
  for (let i = 0; i < 1100; i++) {
    const base = [0, -0, 1, normal()][i % 4] ?? 0;
    put(B, i, base);
    put(X, i, base + ([0, 0.25, normal(), -0.25, normal() / 8][i % 5] ?? 0));
    put(Y, i, finite || i % 300 !== 250 ? base + ([normal(), -0.25, 0.5, 0][i % 4] ?? 0) : Infinity);
  }
}

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
const [QUARTER, HALF, ONE] = [bitsOf(0.25), bitsOf(0.5), bitsOf(1)];

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
          fill(dtype, finite);
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
      fill(dtype, true);
      for (const [low, other] of [
        [0, 0],
        [QUARTER - 40_000, 0],
        [QUARTER - 40_000, Y],
      ] as const)
        for (const n of LENGTHS) {
          const results = [simd, twin].map((k) => {
            const table = new Uint32Array(memory.buffer, TABLE, 80_000).fill(0);
            k[`windowStored${dtype}`](B, X, other, TABLE, COUNTS, WORK, low, low + 80_000, n);
            return [
              ...new Int32Array(memory.buffer, COUNTS, 2),
              ...[...table.entries()].filter(([, c]) => c > 0),
            ];
          });
          assert.deepEqual(results[0], results[1], `n = ${n}, low = ${low}`);
          assert.ok(n < 100 || (results[0]?.length ?? 0) > 2);
        }
    });

  for (const dtype of DTYPES)
    it(`keeping what is apart in ${dtype} gives the bits of the scalar twin`, () => {
      fill(dtype, true);
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

  it("give the bits of the separate steps", () => {
    const n = 1000;
    fill("BF16", true);
    simd.decodeBF16(B, BASE, n);
    simd.subtractBF16(X, BASE, P, n);
    simd.subtractBF16(Y, BASE, Q, n);
    const equal = simd.countEqual(P, QUARTER, n);
    simd.clearBelowKey(P, QUARTER, n);
    simd.clearBelowKey(Q, HALF, n);
    simd.clearAboveKey(Q, ONE, n);
    simd.electTwoF32(BASE, P, Q, SUM, 0.4, 0.5, 0.6, 0.7, 0.4, 0.5, 1.2, 0, true, n);
    simd.encodeBF16(SUM, OUT, n);
    const separate = [...new Uint16Array(memory.buffer, OUT, n)];
    const factors = [0.4, 0.5, 0.6, 0.7, 0.4, 0.5, 1.2, 0] as const;
    const edges = [QUARTER, 0x7f7f_ffff, HALF, ONE] as const;
    assert.equal(simd.sparseTwoBF16(B, X, Y, OUT, WORK, COUNTS, ...edges, ...factors, JOIN.average, n), 1);
    assert.deepEqual([...new Uint16Array(memory.buffer, OUT, n)], separate);
    assert.equal(new Int32Array(memory.buffer, COUNTS, 2)[0], equal);
    assert.ok(equal > 100);
    const values = separate.map((bits) => decodeHalfBits("BF16", bits));
    assert.ok(
      values.filter((value, i) => value !== new Float32Array(memory.buffer, BASE, n)[i]).length > 400,
    );
  });
});
