import type { VectorSpace } from "../../methods/statistics.ts";
import type { Workbench } from "../workbench.ts";

/** Which operands the vectors of a space are made of. */
export interface Vectors {
  /** Operands, in the order of the vectors. */
  readonly members: readonly number[];
  /** Operand that is subtracted from each of them. */
  readonly origin?: number;
  /** Vectors before them that are zero by definition: the origin's own. */
  readonly zeroVectors: number;
}

export function vectorsIn(space: VectorSpace, bench: Workbench): Vectors {
  const operands = [...bench.operands.keys()];
  if (space === "weights") return { members: operands, zeroVectors: 0 };
  if (space === "taskVectors") return { members: operands.slice(1), origin: 0, zeroVectors: 0 };
  const origin = bench.hasBase ? 1 : 0;
  return { members: operands.slice(origin + 1), origin, zeroVectors: 1 };
}

/** True for the operands that the vectors are made of. */
export function readsOf(space: VectorSpace, bench: Workbench): boolean[] {
  const { members, origin } = vectorsIn(space, bench);
  return bench.operands.map((_, k) => members.includes(k) || (k === origin && members.length > 0));
}

/** Writes the addresses of `n` elements of each vector, and how many of them are known to be zero. */
export function prepareVectors(
  bench: Workbench,
  { members, origin }: Vectors,
  offset: number,
  n: number,
  addresses: Float64Array,
  zeros: Float64Array,
): void {
  const a = origin === undefined ? 0 : bench.floats(origin, offset, n, 0);
  members.forEach((operand, i) => {
    const target = bench.scratch(i + 1);
    if (origin !== undefined) zeros[i] = bench.subtract(operand, offset, n, a, target);
    addresses[i] = origin === undefined ? bench.floats(operand, offset, n, i + 1) : target;
  });
}

/** The whole symmetric matrix, with the vectors that are zero by definition; `product` is asked for i <= j. */
export function squareMatrix(
  { members, zeroVectors }: Pick<Vectors, "members" | "zeroVectors">,
  product: (i: number, j: number) => number,
): { n: number; products: Float64Array } {
  const n = zeroVectors + members.length;
  const products = new Float64Array(n * n);
  for (let i = 0; i < members.length; i++)
    for (let j = i; j < members.length; j++) {
      const [row, column] = [zeroVectors + i, zeroVectors + j];
      products[row * n + column] = products[column * n + row] = product(i, j);
    }
  return { n, products };
}
