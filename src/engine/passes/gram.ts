import type { Kernels } from "../../kernels/kernels.ts";
import type { Workbench } from "../workbench.ts";
import type { GramRequest } from "../../methods/statistics.ts";
import type { GramSums } from "../requests.ts";
import { addArrays } from "./sums.ts";
import type { Pass, Runner } from "./pass.ts";
import { prepareVectors, readsOf, squareMatrix, vectorsIn } from "./vectors.ts";
import type { Vectors } from "./vectors.ts";

/**
 * Sums of squares outside this range may have lost products to F32 underflow, or to overflow: the segment is measured
 * again with f64 products. 1e-20 over a segment leaves products of 1e-35 of it, far above F32's smallest.
 */
const TRUSTED = { above: 1e-20, below: 1e34 };

export function isTrusted(square: number): boolean {
  return square >= TRUSTED.above && square <= TRUSTED.below;
}

/** Inner products of the inputs or of their differences from one of them, segment by segment. */
export const gramPass: Pass<"gram"> = {
  reads: ({ space }, bench) => readsOf(space, bench),
  start: (request, bench) => new GramRunner(request, bench),
  merge: (results) => {
    const zeros = results.flatMap((result) => result.zeros ?? []);
    return {
      n: results[0]?.n ?? 0,
      products: addArrays(results.map((result) => result.products)),
      ...(zeros.length > 0 && { zeros: addArrays(zeros) }),
    };
  },
};

class GramRunner implements Runner<GramSums> {
  readonly #bench: Workbench;
  readonly #of: Vectors;
  readonly #n: number;
  /** Of the members, upper triangle. */
  readonly #products: Float64Array;
  /** Of the segment at hand: addresses of the vectors, and how many of their elements are known to be zero. */
  readonly #vectors: Float64Array;
  readonly #zeros: Float64Array;
  /** The same over all segments, if asked for. */
  readonly #allZeros: Float64Array | undefined;
  /** Two differences of one dtype have a kernel that reads everything once. */
  readonly #fused: Kernels["gramOfTwoF32"] | undefined;

  constructor({ space, countZeros = false }: GramRequest, bench: Workbench) {
    this.#bench = bench;
    this.#of = vectorsIn(space, bench);
    const { members, origin } = this.#of;
    this.#n = members.length;
    this.#products = new Float64Array(this.#n * this.#n);
    this.#vectors = new Float64Array(this.#n);
    this.#zeros = new Float64Array(this.#n);
    this.#allZeros = countZeros ? new Float64Array(this.#n) : undefined;
    const fusible = origin !== undefined && this.#n === 2 && !countZeros;
    const dtype = fusible ? bench.sharedDtype([origin, ...members], false) : undefined;
    this.#fused = dtype === undefined ? undefined : bench.kernels[`gramOfTwo${dtype}`];
  }

  segment(offset: number, n: number): void {
    const { kernels, arithmetic } = this.#bench;
    if (this.#fused !== undefined && this.#two(this.#fused, offset, n)) return;
    prepareVectors(this.#bench, this.#of, offset, n, this.#vectors, this.#zeros);
    this.#allZeros?.forEach((zeros, i, all) => (all[i] = zeros + at(this.#zeros, i)));
    if (arithmetic === "F64") this.#wide(offset, n, kernels.dotF64, kernels.countNonFiniteF64);
    else if (!this.#narrow(n)) this.#wide(offset, n, kernels.dotWide, kernels.countNonFiniteF32);
  }

  finish(): GramSums {
    const matrix = squareMatrix(this.#of, (i, j) => at(this.#products, i * this.#n + j));
    return this.#allZeros === undefined ? matrix : { ...matrix, zeros: this.#allZeros };
  }

  #two(gramOfTwo: Kernels["gramOfTwoF32"], offset: number, n: number): boolean {
    const bench = this.#bench;
    const [a = 0, x = 0, y = 0] = [this.#of.origin, ...this.#of.members].map((k) =>
      k === undefined ? 0 : bench.stored(k, offset),
    );
    gramOfTwo(a, x, y, n, bench.results);
    // Vectors of zeros are not told apart from tiny ones here: both go the long way.
    this.#zeros.fill(0);
    return this.#addTriangle(bench.resultValues(3), n);
  }

  #add(i: number, j: number, product: number): void {
    const position = i * this.#n + j;
    this.#products[position] = at(this.#products, position) + product;
  }

  #trusted(i: number, square: number, n: number): boolean {
    return isTrusted(square) || at(this.#zeros, i) === n;
  }

  /** All products of the prepared vectors; false, with nothing added, if F32 products cannot be trusted. */
  #narrow(n: number): boolean {
    const { kernels, results } = this.#bench;
    const [a, b, c] = [at(this.#vectors, 0), at(this.#vectors, 1), at(this.#vectors, 2)];
    if (this.#n === 2) kernels.dotPair(a, b, n, results);
    else if (this.#n === 3) kernels.dotThree(a, b, c, n, results);
    else return this.#oneByOne(n);
    return this.#addTriangle(this.#bench.resultValues((this.#n * (this.#n + 1)) / 2), n);
  }

  /** Adds products that are given row by row, each from the diagonal on. */
  #addTriangle(products: Float64Array, n: number): boolean {
    for (let i = 0, p = 0; i < this.#n; p += this.#n - i, i++)
      if (!this.#trusted(i, at(products, p), n)) return false;
    for (let i = 0, p = 0; i < this.#n; i++)
      for (let j = i; j < this.#n; j++, p++) this.#add(i, j, at(products, p));
    return true;
  }

  #oneByOne(n: number): boolean {
    const { dot } = this.#bench.kernels;
    const squares = this.#vectors.map((vector) => dot(vector, vector, n));
    if (squares.some((square, i) => !this.#trusted(i, square, n))) return false;
    for (let i = 0; i < this.#n; i++) {
      this.#add(i, i, at(squares, i));
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
