import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ImportanceKernels } from "../../src/kernels/importance.ts";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { makeNormal } from "../fixtures/random.ts";

const memory = new WebAssembly.Memory({ initial: 8 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);
const LENGTHS = [...Array(20).keys()].slice(1).concat(255, 256, 1001);
const [B, D, W, OUT] = [0, 1, 2, 3].map((k) => FIRST_FREE_ADDRESS + k * 16_384) as [
  number,
  number,
  number,
  number,
];
const f32 = (address: number, n: number) => new Float32Array(memory.buffer, address, n);
const results = (count: number) => [...new Float64Array(memory.buffer, OUT, count)];

/** A row as of a network, with what is added to it: of a spread, around a shift. */
function fill(n: number, spread: number, shift = 0): void {
  const [base, delta] = [makeNormal(1), makeNormal(2)];
  const values = (next: () => number, scale: number, origin: number) =>
    Float32Array.from({ length: n }, () => origin + scale * next());
  f32(B, n).set(values(base, 2, 0));
  f32(D, n).set(values(delta, spread, shift));
  f32(W, n + 4).fill(0);
  f32(OUT, n + 4).fill(0);
}

/** The steps over one row; the divergence. */
function divergenceOf(k: ImportanceKernels, n: number): number {
  k.rangesOf(B, D, n, OUT);
  const [most = NaN, least = NaN, largest = NaN] = results(3);
  const pivot = (least + largest) / 2;
  k.shiftSums(B, D, W, most, pivot, n, OUT);
  const [weights = NaN, shifts = NaN] = results(2);
  const shift = Math.log1p(shifts / weights);
  return k.divergence(W, D, pivot, 1 / weights, shift, n);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function softmax(values: readonly number[]): number[] {
  const powers = values.map((value) => Math.exp(value));
  return powers.map((power) => power / sum(powers));
}

describe("kernels for importances", () => {
  it("give the bits of their scalar twins", () => {
    const steps: readonly ((k: ImportanceKernels, n: number) => unknown)[] = [
      (k, n) => (k.rangesOf(B, D, n, OUT), results(3)),
      (k, n) => (k.shiftSums(B, D, W, 5.3, 0.003, n, OUT), [results(2), ...f32(W, n)]),
      (k, n) => divergenceOf(k, n),
      (k, n) => (k.scaleMagnitudes(D, OUT, 1e9, n), [...f32(OUT, n)]),
      (k, n) => (k.takeFromF32(D, B, D, OUT, 0.001, n), [...f32(OUT, n)]),
      (k, n) => (k.takeFromF64(D, B, B, OUT, 0.001, Math.floor(n / 2)), results(Math.floor(n / 2))),
    ];
    for (const n of LENGTHS)
      for (const step of steps) {
        const [got, expected] = [simd, twin].map((k) => {
          fill(n, 0.01);
          return step(k, n);
        });
        assert.deepEqual(got, expected, `${String(step)}, n = ${n}`);
      }
  });

  it("reach weights of any size", () => {
    const n = 200;
    f32(B, n).set(Float32Array.from({ length: n }, (_, i) => -i));
    f32(D, n).fill(0);
    for (const k of [simd, twin]) {
      k.shiftSums(B, D, W, 0, 0, n, OUT);
      f32(W, n).forEach((weight, i) => {
        const expected = Math.exp(-Math.min(i, 87));
        assert.ok(Math.abs(weight / expected - 1) < 1e-6, `e^-${i}`);
      });
    }
  });

  it("give the divergence of the two softmaxes", () => {
    for (const n of [2, 7, 64, 1001])
      for (const spread of [0.015, 0.01]) {
        fill(n, spread);
        const [b, d] = [[...f32(B, n)], [...f32(D, n)]];
        const q = softmax(b).map((value) => value + 1e-8);
        const p = softmax(b.map((value, i) => value + (d[i] ?? NaN))).map((value) => value + 1e-8);
        const expected = sum(p.map((value, i) => value * Math.log(value / (q[i] ?? NaN))));
        assert.ok(Math.abs(divergenceOf(simd, n) / expected - 1) < 1e-6, `${n} of spread ${spread}`);
      }
  });

  it("give half the variance of tiny changes, where subtracting the softmaxes leaves nothing", () => {
    for (const [spread, shift] of [
      [1e-6, 0],
      [1e-9, 0],
      [1e-6, 0.1],
    ] as const) {
      const n = 1001;
      fill(n, spread, shift);
      const [c, d] = [softmax([...f32(B, n)]), [...f32(D, n)].map((value) => value - shift)];
      const mean = sum(c.map((weight, i) => weight * (d[i] ?? NaN)));
      // A second floor: of c (c / (c + 1e-8)), by which small entries count less.
      const terms = c.map((weight, i) => (weight * weight * ((d[i] ?? NaN) - mean) ** 2) / (weight + 1e-8));
      assert.ok(Math.abs(divergenceOf(simd, n) / (sum(terms) / 2) - 1) < 1e-5, `spread ${spread}`);
    }
  });
});
