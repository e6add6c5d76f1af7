import type { AnyMethod } from "../methods/define.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { rowLength } from "../tensor/shape.ts";
import { program } from "./program.ts";
import { runPass } from "./run-pass.ts";
import type { Numbers } from "./program.ts";
import type { Report, Unit } from "./protocol.ts";
import { ReportSum } from "./report-sum.ts";
import { solveColumns } from "./solve-columns.ts";
import type { Range } from "./segments.ts";
import { splitRange } from "./segments.ts";
import type { Workbench } from "./workbench.ts";

/** Measures, solves and combines a tensor, some of its rows or of its columns, on one workbench. */
export function solveUnit(bench: Workbench, method: AnyMethod, unit: Unit): Report {
  const { tensor, range, strip } = unit;
  bench.open(tensor, strip);
  const report = new ReportSum();
  if (strip !== undefined) solveColumns(bench, method, { ...unit, strip }, report);
  else if (tensor.granularity === "row" && tensor.action === "merge")
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
  const unit = { method, tensor, count: range.end - range.begin, byRange: false };
  const steps = program(unit, bench.setup, bench.rooms);
  let step = steps.next();
  while (step.done !== true) step = steps.next(runPass(bench, step.value, range));
  return step.value;
}
