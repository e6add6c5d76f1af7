import type { AnyMethod } from "../methods/define.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { rowLength } from "../tensor/shape.ts";
import { program } from "./program.ts";
import { runPass } from "./run-pass.ts";
import type { Numbers } from "./program.ts";
import type { Report } from "./protocol.ts";
import type { Range } from "./segments.ts";
import { splitRange } from "./segments.ts";
import type { Workbench } from "./workbench.ts";

/** Measures, solves and combines a whole tensor, or a range of its rows, on one workbench. */
export function solveUnit(bench: Workbench, method: AnyMethod, tensor: PlannedTensor, range: Range): Report {
  bench.open(tensor);
  const report = new ReportSum();
  if (tensor.granularity === "row" && tensor.action === "merge")
    solveRows(bench, method, tensor, range, report);
  else report.add(runProgram(bench, method, tensor, range));
  bench.flush();
  return report.numbers;
}

/** Rows that fit a tile are read once and stay in it for all passes; longer ones are streamed, row by row. */
function solveRows(
  bench: Workbench,
  method: AnyMethod,
  tensor: PlannedTensor,
  range: Range,
  report: ReportSum,
): void {
  const row = rowLength(tensor.shape);
  const rowsInTile = Math.max(1, Math.floor(bench.tileElements / row));
  const group = rowsInTile * row;
  for (const { begin, end } of splitRange(range.end - range.begin, group)) {
    const window = { begin: range.begin + begin, end: range.begin + end };
    if (row <= bench.tileElements) bench.show(window);
    for (let at = window.begin; at < window.end; at += row)
      report.add(runProgram(bench, method, tensor, { begin: at, end: at + row }));
  }
}

function runProgram(bench: Workbench, method: AnyMethod, tensor: PlannedTensor, range: Range): Numbers {
  const steps = program(method, tensor, range.end - range.begin, bench.setup);
  let step = steps.next();
  while (step.done !== true) step = steps.next(runPass(bench, step.value, range));
  return step.value;
}

/** Sums reported numbers, so that rows give a mean. */
export class ReportSum {
  readonly numbers: Record<string, { count: number; sum: number }> = {};

  add(values: Numbers): void {
    for (const [name, value] of Object.entries(values)) this.#addSum(name, 1, value);
  }

  merge(report: Report): void {
    for (const [name, { count, sum }] of Object.entries(report)) this.#addSum(name, count, sum);
  }

  #addSum(name: string, count: number, sum: number): void {
    const known = (this.numbers[name] ??= { count: 0, sum: 0 });
    known.count += count;
    known.sum += sum;
  }

  means(): Numbers {
    return Object.fromEntries(
      Object.entries(this.numbers).map(([name, { count, sum }]) => [name, sum / count]),
    );
  }
}
