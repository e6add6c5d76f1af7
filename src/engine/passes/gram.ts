import type { Kernels } from "../../kernels/kernels.ts";
import type { Workbench } from "../workbench.ts";
import type { GramPass, GramSums } from "../requests.ts";
import type { Pass, Runner } from "./pass.ts";

/**
 * Sums of squares outside this range may have lost products to F32 underflow, or to overflow: the segment is measured
 * again with f64 products. 1e-20 over a segment leaves products of 1e-35 of it, far above F32's smallest.
 */
const TRUSTED = { above: 1e-20, below: 1e34 };

/** Inner products of the inputs or of their task vectors, segment by segment. */
export const gramPass: Pass<"gram"> = {
  reads: (_request, bench) => bench.operands.map(() => true),
  start: (request, bench) => new GramRunner(request, bench),
  merge: (results) => ({
    products: sumVectors(results.map((result) => result.products)),
    zeroCounts: sumVectors(results.map((result) => result.zeroCounts)),
  }),
};

function sumVectors(vectors: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) vector.forEach((value, i) => (total[i] = (total[i] ?? 0) + value));
  return total;
}

class GramRunner implements Runner<GramSums> {
  readonly #bench: Workbench;
  readonly #deltas: boolean;
  readonly #n: number;
  readonly #products: Float64Array;
  readonly #zeroCounts: Float64Array;
  /** Of the segment at hand: addresses of the vectors, and how many of their elements are zero. */
  readonly #vectors: Float64Array;
  readonly #zeros: Float64Array;
  /** Two task vectors of one dtype have a kernel that reads everything once. */
  readonly #fused: Kernels["gramOfTwoF32"] | undefined;

  constructor(request: GramPass, bench: Workbench) {
    this.#bench = bench;
    this.#deltas = request.space === "taskVectors";
    this.#n = bench.operands.length - (this.#deltas ? 1 : 0);
    this.#products = new Float64Array(this.#n * this.#n);
    this.#zeroCounts = new Float64Array(this.#n);
    this.#vectors = new Float64Array(this.#n);
    this.#zeros = new Float64Array(this.#n);
    const dtype = this.#deltas && this.#n === 2 ? bench.sharedDtype([0, 1, 2], false) : undefined;
    this.#fused = dtype === undefined ? undefined : bench.kernels[`gramOfTwo${dtype}`];
  }

  segment(offset: number, n: number): void {
    const bench = this.#bench;
    if (this.#fused !== undefined && this.#two(this.#fused, offset, n)) return;
    if (this.#deltas) this.#subtractBase(offset, n);
    else for (let i = 0; i < this.#n; i++) this.#vectors[i] = bench.floats(i, offset, n, i + 1);
    if (bench.arithmetic === "F64")
      this.#wide(offset, n, bench.kernels.dotF64, bench.kernels.countNonFiniteF64);
    else if (!(this.#n === 2 ? this.#pair(n) : this.#all(n)))
      this.#wide(offset, n, bench.kernels.dotWide, bench.kernels.countNonFiniteF32);
  }

  finish(): GramSums {
    const n = this.#n;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) this.#products[i * n + j] = at(this.#products, j * n + i);
    return { products: this.#products, zeroCounts: this.#zeroCounts };
  }

  #two(gramOfTwo: Kernels["gramOfTwoF32"], offset: number, n: number): boolean {
    const bench = this.#bench;
    gramOfTwo(bench.stored(0, offset), bench.stored(1, offset), bench.stored(2, offset), n, bench.results);
    const [pp = NaN, pq = NaN, qq = NaN, zeroP = NaN, zeroQ = NaN] = bench.resultValues(5);
    this.#zeros[0] = zeroP;
    this.#zeros[1] = zeroQ;
    if (!this.#addPair(pp, pq, qq, n)) return false;
    this.#zeroCounts[0] = at(this.#zeroCounts, 0) + zeroP;
    this.#zeroCounts[1] = at(this.#zeroCounts, 1) + zeroQ;
    return true;
  }

  #subtractBase(offset: number, n: number): void {
    const bench = this.#bench;
    const base = bench.floats(0, offset, n, 0);
    for (let i = 0; i < this.#n; i++) {
      const delta = bench.scratch(i + 1);
      const zeros = bench.subtract(i + 1, offset, n, base, delta);
      this.#vectors[i] = delta;
      this.#zeros[i] = zeros;
      this.#zeroCounts[i] = at(this.#zeroCounts, i) + zeros;
    }
  }

  #add(i: number, j: number, product: number): void {
    const position = i * this.#n + j;
    this.#products[position] = at(this.#products, position) + product;
  }

  #trusted(i: number, square: number, n: number): boolean {
    return (square >= TRUSTED.above && square <= TRUSTED.below) || at(this.#zeros, i) === n;
  }

  /** Two vectors in one reading; false, with nothing added, if F32 products cannot be trusted. */
  #pair(n: number): boolean {
    const bench = this.#bench;
    bench.kernels.dotPair(at(this.#vectors, 0), at(this.#vectors, 1), n, bench.results);
    const [aa = NaN, ab = NaN, bb = NaN] = bench.resultValues(3);
    return this.#addPair(aa, ab, bb, n);
  }

  #addPair(aa: number, ab: number, bb: number, n: number): boolean {
    if (!this.#trusted(0, aa, n) || !this.#trusted(1, bb, n)) return false;
    this.#add(0, 0, aa);
    this.#add(0, 1, ab);
    this.#add(1, 1, bb);
    return true;
  }

  #all(n: number): boolean {
    const { dot } = this.#bench.kernels;
    const squares: number[] = [];
    for (let i = 0; i < this.#n; i++) {
      const vector = at(this.#vectors, i);
      const square = dot(vector, vector, n);
      if (!this.#trusted(i, square, n)) return false;
      squares.push(square);
    }
    for (let i = 0; i < this.#n; i++) {
      this.#add(i, i, squares[i] ?? NaN);
      for (let j = i + 1; j < this.#n; j++)
        this.#add(i, j, dot(at(this.#vectors, i), at(this.#vectors, j), n));
    }
    return true;
  }

  /** With f64 products; also the place where values that are not finite come to light. */
  #wide(
    offset: number,
    n: number,
    dot: (a: number, b: number, n: number) => number,
    countNonFinite: (ptr: number, n: number) => number,
  ): void {
    let bad = 0;
    for (let i = 0; i < this.#n; i++) {
      bad += countNonFinite(at(this.#vectors, i), n);
      for (let j = i; j < this.#n; j++) this.#add(i, j, dot(at(this.#vectors, i), at(this.#vectors, j), n));
    }
    if (bad > 0) this.#bench.noteNonFinite(offset, n, 0);
  }
}

function at(values: Float64Array, i: number): number {
  return values[i] ?? NaN;
}
