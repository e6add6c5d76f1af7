import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ColumnSteps } from "../../src/kernels/columns.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { makeNormal } from "../fixtures/random.ts";

const memory = new WebAssembly.Memory({ initial: 32 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);
const LENGTHS = [...Array(20).keys(), 255, 1000];
const SLOT = 16_384;
const [X, A, OUT, C] = [0, 1, 2, 3].map((k) => FIRST_FREE_ADDRESS + k * SLOT) as [
  number,
  number,
  number,
  number,
];
const TYPES = { F32: Float32Array, F64: Float64Array };

const STEPS: Record<keyof ColumnSteps, (k: ColumnSteps, n: number) => void> = {
  addProducts: (k, n) => k.addProducts(X, A, OUT, n),
  scaleBy: (k, n) => k.scaleBy(A, C, OUT, n),
  addDeltaBy: (k, n) => k.addDeltaBy(X, A, OUT, C, n),
  blend: (k, n) => k.blend(X, C, OUT, n),
};

/** Normal values, with zeros of either sign, equal pairs and values that are not finite among them. */
function fill(type: keyof typeof TYPES, name: keyof ColumnSteps, seed: number): void {
  const normal = makeNormal(seed);
  const special = [0, -0, 1, -1, NaN, Infinity];
  for (const address of [X, A, OUT, C])
    new TYPES[type](memory.buffer, address, 1100).forEach((_, i, all) => {
      all[i] = i % 5 === 3 ? (special[(i + address) % 6] ?? 0) : normal();
    });
  if (name === "addProducts") new Float64Array(memory.buffer, OUT, 1100).forEach((_, i, all) => (all[i] = i));
  if (name !== "blend") return;
  const width = TYPES[type].BYTES_PER_ELEMENT;
  new Uint8Array(memory.buffer, C, 1100 * width).forEach((_, i, all) => {
    all[i] = Math.floor(i / width) % 3 === 0 ? 255 : 0;
  });
}

/** The result and what follows it, with NaN's bits left open. */
function outcome(kernels: Kernels, type: keyof typeof TYPES, name: keyof ColumnSteps, n: number) {
  fill(type, name, n + 1);
  const named = Object.fromEntries(
    Object.keys(STEPS).map((step) => [step, kernels[`${step as keyof ColumnSteps}${type}`]]),
  );
  STEPS[name](named as unknown as ColumnSteps, n);
  const view = name === "addProducts" ? Float64Array : TYPES[type];
  return [...new view(memory.buffer, OUT, n + 8)].map((value) => (Object.is(value, -0) ? "-0" : value));
}

describe("column kernels", () => {
  for (const type of ["F32", "F64"] as const)
    for (const name of Object.keys(STEPS) as (keyof ColumnSteps)[])
      it(`${name}${type} gives the bits of its scalar twin and touches nothing past the end`, () => {
        for (const n of LENGTHS) {
          const expected = outcome(twin, type, name, n);
          assert.deepEqual(outcome(simd, type, name, n), expected, `n = ${n}`);
        }
      });

  it("sum products in f64, multiply, add and choose, each element by itself", () => {
    const put = (address: number, values: readonly number[]) =>
      new Float32Array(memory.buffer, address, values.length).set(values);
    const get = () => [...new Float32Array(memory.buffer, OUT, 3)];
    put(X, [1e30, 2, Infinity]);
    put(A, [1e30, 3, 1]);
    new Float64Array(memory.buffer, OUT, 3).set([0, 1, 5]);
    simd.addProductsF32(X, A, OUT, 3);
    assert.deepEqual([...new Float64Array(memory.buffer, OUT, 3)], [Math.fround(1e30) ** 2, 7, 5]);
    put(C, [1, 0.5, 2]);
    put(A, [3, 4, -0]);
    simd.scaleByF32(A, C, OUT, 3);
    assert.deepEqual(get(), [3, 2, -0]);
    put(X, [5, 100, -0]);
    put(C, [0.5, 0, -2]);
    simd.addDeltaByF32(X, A, OUT, C, 3);
    assert.deepEqual(get(), [4, 2, -0]);
    new Int32Array(memory.buffer, C, 3).set([0, -1, 0]);
    simd.blendF32(X, C, OUT, 3);
    assert.deepEqual(get(), [4, 100, -0]);
  });
});
