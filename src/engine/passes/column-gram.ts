import type { ColumnGramPass, ColumnSums } from "../requests.ts";
import type { Workbench } from "../workbench.ts";
import { ColumnLayout } from "./columns.ts";
import type { Pass, Runner } from "./pass.ts";
import { prepareVectors, readsOf, vectorsIn } from "./vectors.ts";
import type { Vectors } from "./vectors.ts";

/** Inner products of each column of a strip: products and sums in f64, row after row. */
export const columnGramPass: Pass<"columnGram"> = {
  reads: ({ space }, bench) => readsOf(space, bench),
  start: (request, bench) => new ColumnGramRunner(request, bench),
  // A strip is never split.
  merge: ([result]) => result ?? { members: [], zeroVectors: 0, products: [] },
};

interface Pair {
  readonly i: number;
  readonly j: number;
  /** Address of its sums over a period. */
  readonly sums: number;
}

class ColumnGramRunner implements Runner<ColumnSums> {
  readonly #bench: Workbench;
  readonly #of: Vectors;
  readonly #layout: ColumnLayout;
  readonly #pairs: readonly Pair[];
  readonly #vectors: Float64Array;
  readonly #zeros: Float64Array;

  constructor({ space, width }: ColumnGramPass, bench: Workbench) {
    this.#bench = bench;
    this.#of = vectorsIn(space, bench);
    this.#layout = new ColumnLayout(width);
    const n = this.#of.members.length;
    this.#vectors = new Float64Array(n);
    this.#zeros = new Float64Array(n);
    const { period } = this.#layout;
    const count = (n * (n + 1)) / 2;
    const address = bench.reserve(count * period * 8);
    new Float64Array(bench.memory.buffer, address, count * period).fill(0);
    const pairs: Pair[] = [];
    for (let i = 0; i < n; i++)
      for (let j = i; j < n; j++) pairs.push({ i, j, sums: address + pairs.length * period * 8 });
    this.#pairs = pairs;
  }

  segment(offset: number, n: number): void {
    const bench = this.#bench;
    const addProducts = bench.kernels[`addProducts${bench.arithmetic}`];
    const size = bench.arithmetic === "F64" ? 8 : 4;
    bench.operands.forEach(({ loaded }, k) => {
      if (loaded) bench.checkFinite(k, offset, n);
    });
    prepareVectors(bench, this.#of, offset, n, this.#vectors, this.#zeros);
    this.#layout.eachPiece(bench.range.begin + offset, n, (done, place, length) => {
      for (const { i, j, sums } of this.#pairs) {
        const [a, b] = [(this.#vectors[i] ?? NaN) + done * size, (this.#vectors[j] ?? NaN) + done * size];
        addProducts(a, b, sums + place * 8, length);
      }
    });
  }

  finish(): ColumnSums {
    const { members, zeroVectors } = this.#of;
    const { period } = this.#layout;
    const products = this.#pairs.map(({ sums }) =>
      this.#layout.fold(new Float64Array(this.#bench.memory.buffer, sums, period)),
    );
    return { members, zeroVectors, products };
  }
}
