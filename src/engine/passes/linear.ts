import type { LinearCombination } from "../../methods/combination.ts";
import type { Workbench } from "../workbench.ts";
import type { Pass, Runner } from "./pass.ts";

/** Writes scale * a + sum of coefficient * (x - a), with anchor a; see `LinearCombination`. */
export const linearPass: Pass<"linear"> = {
  reads: (request, bench) => {
    const { anchor, coefficient } = resolve(request, bench.hasBase);
    return bench.operands.map((_, k) => k === anchor || coefficient(k) !== 0);
  },
  writesFrom: (bench) => bench.output,
  start: (request, bench) => new LinearRunner(request, bench),
  merge: () => undefined,
};

interface Resolved {
  readonly anchor: number;
  readonly coefficient: (operand: number) => number;
}

/** The anchor as an operand, and the coefficient of each operand; 0 for the anchor. */
export function resolve(combination: LinearCombination, hasBase: boolean): Resolved {
  const first = hasBase ? 1 : 0;
  const anchor = combination.anchor === "base" ? 0 : combination.anchor + first;
  const coefficient = (k: number): number => {
    if (k === anchor) return 0;
    return k < first ? combination.baseCoefficient : (combination.coefficients[k - first] ?? 0);
  };
  return { anchor, coefficient };
}

interface Term {
  readonly operand: number;
  readonly coefficient: number;
}

class LinearRunner implements Runner<undefined> {
  readonly #bench: Workbench;
  readonly #anchor: number;
  readonly #scale: number;
  readonly #terms: readonly Term[];
  readonly #fused: ((offset: number, n: number) => number) | undefined;

  constructor(request: LinearCombination, bench: Workbench) {
    const { anchor, coefficient } = resolve(request, bench.hasBase);
    this.#bench = bench;
    this.#anchor = anchor;
    this.#scale = request.scale;
    this.#terms = bench.operands
      .map((_, operand) => ({ operand, coefficient: coefficient(operand) }))
      .filter((term) => term.coefficient !== 0);
    this.#fused = fuse(bench, anchor, this.#scale, this.#terms);
  }

  segment(offset: number, n: number): void {
    const bench = this.#bench;
    if (this.#fused !== undefined) {
      bench.noteResults(this.#fused(offset, n), offset, n);
      return;
    }
    const a = bench.floats(this.#anchor, offset, n, 0);
    const sum = bench.accumulator(offset, 1);
    if (bench.arithmetic === "F32") bench.kernels.scaleF32(a, sum, this.#scale, n);
    else bench.kernels.scaleF64(a, sum, this.#scale, n);
    for (const { operand, coefficient } of this.#terms)
      bench.addDelta(operand, offset, n, a, sum, coefficient);
    bench.encode(sum, offset, n);
  }

  finish(): undefined {
    return undefined;
  }
}

/** One or two terms, all in one dtype, have a kernel that reads everything once; the bits are the same. */
function fuse(
  bench: Workbench,
  anchor: number,
  scale: number,
  terms: readonly Term[],
): ((offset: number, n: number) => number) | undefined {
  const [first, second] = terms;
  const dtype = bench.sharedDtype([anchor, ...terms.map((term) => term.operand)], true);
  if (dtype === undefined || first === undefined || terms.length > 2) return undefined;
  const { kernels } = bench;
  const work = bench.scratch(0);
  const [c, x] = [first.coefficient, first.operand];
  if (second === undefined) {
    const combineOne = kernels[`combineOne${dtype}`];
    return (offset, n) =>
      combineOne(
        bench.stored(anchor, offset),
        bench.stored(x, offset),
        bench.result(offset),
        scale,
        c,
        n,
        work,
      );
  }
  const combineTwo = kernels[`combineTwo${dtype}`];
  const [d, y] = [second.coefficient, second.operand];
  return (offset, n) =>
    combineTwo(
      bench.stored(anchor, offset),
      bench.stored(x, offset),
      bench.stored(y, offset),
      bench.result(offset),
      scale,
      c,
      d,
      n,
      work,
    );
}
