import type { Workbench } from "../workbench.ts";

/** What is added to both distributions, as in mergekit. */
const FLOOR = 1e-8;
/** Where the entries of a task vector differ by more, the series of the kernels do not reach. */
const WIDEST_RANGE = 1 / 8;
/** Below, the first terms of a series; above, the closed form loses no more than 13 of 53 bits. */
const SMALL = 1e-2;

/**
 * The divergence sum p log(p / q) with p = softmax(b + d) + 1e-8 and q = softmax(b) + 1e-8 over a row, in three steps
 * through it. Since both sum to the same, it is the sum of q ((1 + s) log(1 + s) - s) with s = (p - q) / q, of which no
 * term is negative and none is a small difference of large numbers; s comes from t = d - D by e^t - 1, where
 * D = log sum softmax(b) e^d, without subtracting softmaxes either.
 */
export class RowDivergence {
  static readonly STEPS = 3;
  readonly #bench: Workbench;
  readonly #row: number;
  /** Largest b. */
  #most = -Infinity;
  #least = Infinity;
  #largest = -Infinity;
  #weights = 0;
  #shifts = 0;
  #divergence = 0;

  constructor(row: number, bench: Workbench) {
    this.#row = row;
    this.#bench = bench;
  }

  get value(): number {
    return this.#divergence;
  }

  restart(): void {
    this.#most = this.#largest = -Infinity;
    this.#least = Infinity;
    this.#weights = this.#shifts = this.#divergence = 0;
  }

  /** All steps on a row that is in memory as a whole; f32 values at `b` and `d`. */
  ofRow(b: number, d: number): void {
    this.restart();
    for (let step = 0; step < RowDivergence.STEPS; step++) this.step(step, b, d, this.#row);
  }

  /** A step on the next `n` elements of the row; `w` is room for their weights that nothing else uses. */
  step(step: number, b: number, d: number, n: number, w?: number): void {
    const { kernels, results } = this.#bench;
    if (step === 0) {
      kernels.rangesOf(b, d, n, results);
      this.widen();
    } else if (this.#largest - this.#least <= WIDEST_RANGE) this.#near(step, b, d, n, w);
    else this.#far(step, b, d, n);
  }

  /** Takes in the ranges that a kernel left among the results: all of the first step. */
  widen(): void {
    const [most = NaN, least = NaN, largest = NaN] = this.#bench.resultValues(3);
    this.#most = Math.max(this.#most, most);
    this.#least = Math.min(this.#least, least);
    this.#largest = Math.max(this.#largest, largest);
  }

  /** Relative to the middle of d, which all entries are close to. */
  #near(step: number, b: number, d: number, n: number, own?: number): void {
    const { kernels, results } = this.#bench;
    const pivot = (this.#least + this.#largest) / 2;
    const w = own ?? this.#bench.spare(5);
    // The weights of a short row, or in a place of their own, are still there.
    const lost = n < this.#row && own === undefined;
    if (step === 1 || lost) kernels.shiftSums(b, d, w, this.#most, pivot, n, results);
    if (step === 1) {
      const [weights = NaN, shifts = NaN] = this.#bench.resultValues(2);
      this.#weights += weights;
      this.#shifts += shifts;
    } else {
      const shift = Math.log1p(this.#shifts / this.#weights);
      this.#divergence += kernels.divergence(w, d, pivot, 1 / this.#weights, shift, n);
    }
  }

  /** Rare, and so without kernels: in f64, one by one. */
  #far(step: number, b: number, d: number, n: number): void {
    const { buffer } = this.#bench.memory;
    const [base, delta] = [new Float32Array(buffer, b, n), new Float32Array(buffer, d, n)];
    base.forEach((value, i) => {
      const change = delta[i] ?? NaN;
      const weight = Math.exp(value - this.#most);
      const moved = Math.exp(value - this.#most + (change - this.#largest));
      if (step === 1) {
        this.#weights += weight;
        this.#shifts += moved;
      } else this.#divergence += this.#term(weight, moved, change);
    });
  }

  #term(weight: number, moved: number, change: number): number {
    const c = weight / this.#weights;
    const t = change - this.#largest - Math.log(this.#shifts / this.#weights);
    const difference = Math.abs(t) < 1 ? c * Math.expm1(t) : moved / this.#shifts - c;
    const q = c + FLOOR;
    const s = difference / q;
    if (Math.abs(s) >= SMALL) return q * ((1 + s) * Math.log1p(s) - s);
    return q * s * s * (1 / 2 - s * (1 / 6 - s * (1 / 12 - s * (1 / 20 - s * (1 / 30 - s / 42)))));
  }
}
