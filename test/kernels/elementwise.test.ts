import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ElementwiseSteps } from "../../src/kernels/elementwise.ts";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { makeNormal } from "../fixtures/random.ts";

const memory = new WebAssembly.Memory({ initial: 40 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);
const LENGTHS = [...Array(20).keys(), 255, 256, 1000];
const SLOT = 16_384;
const [P, Q, R, S, BINS] = [0, 1, 2, 3, 4].map((k) => FIRST_FREE_ADDRESS + k * SLOT) as [
  number,
  number,
  number,
  number,
  number,
];

/** Steps on the vectors P, Q, R, S, whose contents they change. */
const STEPS: Record<keyof ElementwiseSteps, (k: ElementwiseSteps, n: number) => unknown> = {
  addScaled: (k, n) => k.addScaled(P, Q, 0.3, n),
  elect: (k, n) => k.elect(P, Q, R, S, -0.7, 0.2, n),
  finishSum: (k, n) => k.finishSum(P, Q, R, 1.3, n),
  finishMean: (k, n) => (k.finishMean(P, Q, R, S, 1.3, 0, n), k.finishMean(P, Q, R, R, 0.4, 1e-6, n)),
  nearswap: (k, n) => (k.nearswap(P, Q, R, 0.4, n), k.nearswap(P, Q, S, -1, n)),
  selectLarger: (k, n) => k.selectLarger(P, Q, R, n),
  moveTowards: (k, n) => (k.moveTowards(P, Q, R, 0.6, n), k.moveTowards(P, Q, Q, 1, n)),
  countDominant: (k, n) => k.countDominant(P, Q, R, 0.4, n),
  clearBelow: (k, n) => k.clearBelow(P, Q, 0.5, n),
  clearSmall: (k, n) => k.clearSmall(P, 0.7, n),
  countNonZero: (k, n) => k.countNonZero(P, Q, n),
  shareOverlap: (k, n) => k.shareOverlap(P, Q, R, n),
  overlap: (k, n) => k.overlap(P, Q, n),
  electTwo: (k, n) => (
    k.electTwo(P, Q, R, S, 0.4, 0.5, 0.6, 0.7, 0.4, 0.5, 1.2, 0, true, n),
    k.electTwo(S, Q, R, P, 0.4, 0.5, -0.6, 0.7, 0.4, 0.5, 1.2, 0, false, n)
  ),
  variance: (k, n) => {
    new Uint32Array(memory.buffer, BINS, 3).set([P, Q, R]);
    k.variance(BINS, 3, S, n);
  },
  clearWhereZero: (k, n) => k.clearWhereZero(P, Q, n),
};

/** Normal values with exact zeros, ones and equal magnitudes among them. */
function fill(type: "F32" | "F64", seed: number): void {
  const normal = makeNormal(seed);
  const view = type === "F32" ? Float32Array : Float64Array;
  for (const address of [P, Q, R, S])
    new view(memory.buffer, address, 1100).forEach((_, i, all) => {
      all[i] = i % 7 === 3 ? ([0, -0, 1, 2, -2, 0.5][i % 6] ?? 0) : normal();
    });
}

const contents = (type: "F32" | "F64", n: number) =>
  [P, Q, R, S].map((address) =>
    [
      ...(type === "F32"
        ? new Float32Array(memory.buffer, address, n)
        : new Float64Array(memory.buffer, address, n)),
    ].map((value) => (Object.is(value, -0) ? "-0" : value)),
  );

describe("elementwise kernels", () => {
  for (const type of ["F32", "F64"] as const)
    for (const [name, step] of Object.entries(STEPS)) {
      it(`${name}${type} gives the bits of its scalar twin`, () => {
        for (const n of LENGTHS) {
          const results = [simd, twin].map((kernels) => {
            fill(type, n);
            const all = Object.fromEntries(
              Object.keys(STEPS).map((key) => [key, kernels[`${key as keyof ElementwiseSteps}${type}`]]),
            ) as unknown as ElementwiseSteps;
            return { returned: step(all, n), after: contents(type, n) };
          });
          assert.deepEqual(results[0], results[1], `n = ${n}`);
        }
      });
    }

  it("rank and choose as their scalar twins do", () => {
    const keyOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
    const one = keyOf(1);
    for (const n of LENGTHS) {
      const results = [simd, twin].map((k) => {
        const seen: unknown[] = [];
        const fresh = () => {
          fill("F32", n);
          new Uint8Array(memory.buffer, BINS, 524_288).fill(0);
        };
        const bins = (count: number) =>
          [...new Uint32Array(memory.buffer, BINS, count).entries()].filter(([, c]) => c > 0);
        fresh();
        k.histogram(P, BINS, n);
        seen.push(bins(2 * 65_536));
        fresh();
        seen.push(k.histogramWindow(P, BINS, one - 32_768, one + 65_536, n), bins(98_304));
        new Uint32Array(memory.buffer, BINS + 98_304 * 4, 1_000).fill(0);
        seen.push(k.occurring(BINS, 98_304, BINS + 98_304 * 4));
        seen.push([...new Uint32Array(memory.buffer, BINS + 98_304 * 4, 1_000)]);
        seen.push(k.sumMagnitudes(P, one, n), k.countEqual(P, one, n));
        for (const clear of [
          () => k.clearBelowKey(P, one, n),
          () => k.clearAboveKey(P, one, n),
          () => k.clearEqualAfter(P, one, 3, n),
          () => k.clearRandom(P, 0xffff_fff0, 5, 0x8000_0001, 0x9000_0000, n),
        ]) {
          fresh();
          clear();
          seen.push(contents("F32", n)[0]);
        }
        return seen;
      });
      assert.deepEqual(results[0], results[1], `n = ${n}`);
    }
  });

  it("elect between two vectors in one reading as step by step", () => {
    for (const type of ["F32", "F64"] as const) {
      const k = simd;
      const [n, work] = [1000, BINS];
      const [vote, sum, weight, out] = [0, 1, 2, 3].map((i) => work + i * SLOT) as [
        number,
        number,
        number,
        number,
      ];
      fill(type, 7);
      new Uint8Array(memory.buffer, work, 4 * SLOT).fill(0);
      for (const [d, c] of [
        [Q, 0.4],
        [R, 0.5],
      ] as const)
        k[`addScaled${type}`](d, vote, c, n);
      for (const [d, c] of [
        [Q, 0.4],
        [R, 0.5],
      ] as const)
        k[`elect${type}`](d, vote, sum, weight, c, c, n);
      k[`finishMean${type}`](P, sum, weight, out, 1.3, 0, n);
      k[`electTwo${type}`](P, Q, R, S, 0.4, 0.5, 0.4, 0.5, 0.4, 0.5, 1.3, 0, true, n);
      const size = n * (type === "F32" ? 4 : 8);
      const bytes = (address: number) => new Uint8Array(memory.buffer.slice(address, address + size));
      assert.deepEqual(bytes(S), bytes(out));
    }
  });

  it("keep the largest magnitudes and of the equal ones the first", () => {
    const values = [3, -1, 2, -2, 0.5, 2, 1];
    new Float32Array(memory.buffer, P, values.length).set(values);
    const two = new Uint32Array(Float32Array.of(2).buffer)[0] ?? 0;
    simd.clearBelowKey(P, two, values.length);
    simd.clearEqualAfter(P, two, 2, values.length);
    assert.deepEqual([...new Float32Array(memory.buffer, P, values.length)], [3, 0, 2, -2, 0, 0, 0]);
  });

  it("draws are kept at the asked rate and independent between neighbours, keys and models", () => {
    const n = 4000;
    const kept = (index: number, key0: number, key1: number, density: number) => {
      new Float32Array(memory.buffer, P, n).fill(1);
      simd.clearRandom(P, index, key0, key1, density * 2 ** 32, n);
      return [...new Float32Array(memory.buffer, P, n)];
    };
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const runs = Array.from({ length: 50 }, (_, run) => kept(run * n, 11, 22, 0.3)).flat();
    // Five standard errors of 200,000 draws are 0.0051.
    assert.ok(Math.abs(mean(runs) - 0.3) < 0.0051);
    const product = (other: number[]) =>
      mean(runs.map((value, i) => (value - 0.3) * ((other[i] ?? 0) - 0.3)));
    const shifted = [...runs.slice(1), 0];
    const otherModel = Array.from({ length: 50 }, (_, run) => kept(run * n, 12, 22, 0.3)).flat();
    const otherKey = Array.from({ length: 50 }, (_, run) => kept(run * n, 11, 23, 0.3)).flat();
    for (const other of [shifted, otherModel, otherKey])
      assert.ok(Math.abs(product(other)) < (5 * 0.21) / Math.sqrt(runs.length));
  });
});
