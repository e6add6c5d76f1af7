import type { Address } from "./address.ts";

/** See assembly/low-rank.ts. */
export interface LowRankKernels {
  /** target[j] += scale * sum over k of left[k] * right[k * stride + j], f32. */
  addLowRank(
    left: Address,
    right: Address,
    stride: number,
    rank: number,
    target: Address,
    scale: number,
    n: number,
  ): void;
}

/** The scalar twin. */
export function referenceLowRank(memory: WebAssembly.Memory): LowRankKernels {
  const r = Math.fround;
  const at = (address: Address, i: number) => new Float32Array(memory.buffer, address + 4 * i, 1)[0] ?? NaN;
  return {
    addLowRank: (left, right, stride, rank, target, scale, n) => {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < rank; k++) sum = r(sum + r(at(left, k) * at(right, k * stride + j)));
        new Float32Array(memory.buffer, target + 4 * j, 1)[0] = at(target, j) + r(r(scale) * sum);
      }
    },
  };
}
