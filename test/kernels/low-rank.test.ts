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
const STRIDE = 310;
const floats = (address: number, n: number) => new Float32Array(memory.buffer, address, n);

function fill(): void {
  const normal = makeNormal(3);
  for (const [address, n] of [
    [LEFT, 400],
    [RIGHT, 20_000],
    [TARGET, 7 * STRIDE],
  ] as const)
    floats(address, n).forEach((_, i, all) => (all[i] = normal()));
}

describe("The kernel of adapters", () => {
  it("gives the bits of its scalar twin for every head, tail and number of rows, and touches nothing else", () => {
    for (const rank of [1, 4, 33])
      for (const rows of [1, 7])
        for (const column of [0, 11])
          for (const n of [...Array(20).keys(), 255, 256]) {
            const results = [simd, twin].map((kernels) => {
              fill();
              kernels.addLowRank(LEFT, RIGHT, rank, column, TARGET, STRIDE, rows, 0.3, n);
              return [...floats(TARGET, 8 * STRIDE)];
            });
            assert.deepEqual(
              results[0],
              results[1],
              `rank ${rank}, rows ${rows}, column ${column}, n = ${n}`,
            );
          }
  });

  it("adds scale times the product, by float64 arithmetic in another order", () => {
    const [rank, rows, column, n] = [33, 6, 11, 280];
    fill();
    const before = floats(TARGET, 7 * STRIDE).slice();
    simd.addLowRank(LEFT, RIGHT, rank, column, TARGET, STRIDE, rows, 0.3, n);
    floats(TARGET, 7 * STRIDE).forEach((value, i) => {
      const [row, j] = [Math.floor(i / STRIDE), i % STRIDE];
      let sum = 0;
      for (let k = rank - 1; k >= 0 && row < rows && j < n; k--) {
        // Blocks of eight columns, row after row.
        const [block, within] = [Math.floor((column + j) / 8), (column + j) % 8];
        const right = floats(RIGHT, 20_000)[block * rank * 8 + k * 8 + within] ?? NaN;
        sum += (floats(LEFT, 400)[row * rank + k] ?? NaN) * right;
      }
      assert.ok(Math.abs(value - ((before[i] ?? NaN) + 0.3 * sum)) < 1e-5);
    });
  });
});
