import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { FIRST_FREE_ADDRESS, instantiateKernels, KERNELS_URL } from "../../src/kernels/load.ts";
import { referenceKernels } from "../../src/kernels/reference.ts";
import { makeNormal } from "../fixtures/random.ts";

const memory = new WebAssembly.Memory({ initial: 16 });
const simd = instantiateKernels(new WebAssembly.Module(readFileSync(KERNELS_URL)), memory);
const twin = referenceKernels(memory);
const [LEFT, RIGHT, TARGET] = [0, 1, 6].map((k) => FIRST_FREE_ADDRESS + k * 16_384) as [
  number,
  number,
  number,
];
const floats = (address: number, n: number) => new Float32Array(memory.buffer, address, n);

function fill(): void {
  const normal = makeNormal(3);
  for (const [address, n] of [
    [LEFT, 64],
    [RIGHT, 20_000],
    [TARGET, 400],
  ] as const)
    floats(address, n).forEach((_, i, all) => (all[i] = normal()));
}

describe("The kernel of adapters", () => {
  it("gives the bits of its scalar twin at every tail length, and touches nothing else", () => {
    for (const rank of [1, 4, 33])
      for (const n of [...Array(20).keys(), 255, 256, 300]) {
        const results = [simd, twin].map((kernels) => {
          fill();
          kernels.addLowRank(LEFT, RIGHT, 304, rank, TARGET, 0.3, n);
          return [...floats(TARGET, 400)];
        });
        assert.deepEqual(results[0], results[1], `rank ${rank}, n = ${n}`);
      }
  });

  it("adds scale times the product, by float64 arithmetic in another order", () => {
    fill();
    const before = floats(TARGET, 300).slice();
    simd.addLowRank(LEFT, RIGHT, 304, 33, TARGET, 0.3, 300);
    floats(TARGET, 300).forEach((value, j) => {
      let sum = 0;
      for (let k = 32; k >= 0; k--)
        sum += (floats(LEFT, 64)[k] ?? NaN) * (floats(RIGHT, 20_000)[k * 304 + j] ?? NaN);
      assert.ok(Math.abs(value - ((before[j] ?? NaN) + 0.3 * sum)) < 1e-5);
    });
  });
});
