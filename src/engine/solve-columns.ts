import { EngineError } from "../errors.ts";
import type { LinearCombination } from "../methods/combination.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { Gram } from "../methods/statistics.ts";
import { resolve } from "./passes/linear.ts";
import { squareMatrix } from "./passes/vectors.ts";
import { requestsOf, solutionOf, solveContext } from "./program.ts";
import type { Measure } from "./program.ts";
import type { Unit } from "./protocol.ts";
import type { ReportSum } from "./report-sum.ts";
import type { ColumnLinearPass, ColumnSums } from "./requests.ts";
import { runPass } from "./run-pass.ts";
import type { Strip } from "./segments.ts";
import type { Workbench } from "./workbench.ts";

/** Measures, solves and combines each column of a strip by itself; rows are streamed, all columns at a time. */
export function solveColumns(
  bench: Workbench,
  method: AnyMethod,
  { tensor, range, strip: { width } }: Unit & { readonly strip: Strip },
  report: ReportSum,
): void {
  // A strip that fits a tile is read once.
  if (range.end <= bench.tileElements) bench.show(range);
  const rows = range.end / width;
  const context = solveContext({ method, tensor, count: rows, byRange: false }, bench.setup);
  const measured = requestsOf(method.measure as Measure, context).flatMap(([name, request]) => {
    if (request.kind !== "gram") return [];
    const pass = { kind: "columnGram", space: request.space, width } as const;
    return { name, sums: runPass(bench, pass, range) as ColumnSums };
  });
  const columns = new ColumnCombinations(width, bench);
  for (let column = 0; column < width; column++) {
    const grams = measured.map(({ name, sums }) => [name, gramAt(sums, column, rows)] as const);
    const solution = solutionOf(method, context, Object.fromEntries(grams));
    if (solution.combination.kind !== "linear") throw notByColumns(method.name, solution.combination.kind);
    columns.set(column, solution.combination);
    report.add(solution.report ?? {});
  }
  runPass(bench, columns.request, range);
}

function notByColumns(name: string, kind: string): EngineError {
  return new EngineError(
    "ENGINE_METHOD",
    `${name} asks for granularity column, but its result is of kind ${kind}`,
    {
      hint: "Columns can be combined by coefficients alone, from the inner products of gram().",
    },
  );
}

function gramAt({ products, ...vectors }: ColumnSums, column: number, rows: number): Gram {
  const n = vectors.members.length;
  // Pairs i <= j lie row by row: those of i begin after n + (n - 1) + ... of the rows before.
  const pair = (i: number, j: number) => i * n - (i * (i - 1)) / 2 + (j - i);
  const product = (i: number, j: number) => products[pair(i, j)]?.[column] ?? NaN;
  return { ...squareMatrix(vectors, product), elementCount: rows };
}

/** Gathers the combination of each column. */
class ColumnCombinations {
  readonly request: ColumnLinearPass;
  readonly #hasBase: boolean;

  constructor(width: number, bench: Workbench) {
    this.#hasBase = bench.hasBase;
    this.request = {
      kind: "columnLinear",
      anchors: new Uint16Array(width),
      scales: new Float64Array(width),
      coefficients: bench.operands.map(() => new Float64Array(width)),
    };
  }

  set(column: number, combination: LinearCombination): void {
    const { anchor, coefficient } = resolve(combination, this.#hasBase);
    this.request.anchors[column] = anchor;
    this.request.scales[column] = combination.scale;
    this.request.coefficients.forEach((values, k) => (values[column] = coefficient(k)));
  }
}
