import type { Address } from "./address.ts";

/** See assembly/low-rank.ts. */
export interface LowRankKernels {
  /** target[r * stride + j] += scale * sum over k of left[r * rank + k] * right(k, column + j), f32; right in blocks. */
  addLowRank(
    left: Address,
    right: Address,
    rank: number,
    column: number,
    target: Address,
    stride: number,
    rows: number,
    scale: number,
    n: number,
  ): void;
}

/** Columns of the right matrix that lie together. */
export const BLOCK_COLUMNS = 8;

/** Where an element of the right matrix lies, in elements. */
export const blockPosition = (rank: number, k: number, column: number): number =>
  (Math.floor(column / BLOCK_COLUMNS) * rank + k) * BLOCK_COLUMNS + (column % BLOCK_COLUMNS);

/** The scalar twin. */
export function referenceLowRank(memory: WebAssembly.Memory): LowRankKernels {
  const r = Math.fround;
  const at = (address: Address, i: number) => new Float32Array(memory.buffer, address + 4 * i, 1)[0] ?? NaN;
  return {
    addLowRank: (left, right, rank, column, target, stride, rows, scale, n) => {
      for (let row = 0; row < rows; row++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0; k < rank; k++)
            sum = r(sum + r(at(left, row * rank + k) * at(right, blockPosition(rank, k, column + j))));
          const place = row * stride + j;
          new Float32Array(memory.buffer, target + 4 * place, 1)[0] = at(target, place) + r(r(scale) * sum);
        }
      }
    },
  };
}
