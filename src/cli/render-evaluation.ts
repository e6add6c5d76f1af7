import type { EvaluationReport } from "../index.ts";
import { formatCount } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** 92.22 % */
const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

const ROLES = { "in-distribution": "", "held-out": "held out", shift: "shift" } as const;

/** A model's scores as a table: splits, or the numbers that a program printed. */
export function renderEvaluation(report: EvaluationReport, style: Style): string[] {
  const { splits, meanOfShifts, metrics } = report;
  if (metrics !== undefined) {
    const rows = Object.entries(metrics).map(([name, value]): Cell[] => [[name, style.name], String(value)]);
    return renderTable(rows, "lr");
  }
  const head: Cell[] = [
    ["split", style.dim],
    ["", style.dim],
    ["right", style.dim],
    ["of", style.dim],
    ["accuracy", style.dim],
  ];
  const rows = splits.map(({ split, role, correct, examples, accuracy }): Cell[] => [
    [split, style.name],
    [ROLES[role], style.dim],
    formatCount(correct),
    formatCount(examples),
    percent(accuracy),
  ]);
  const shifts = splits.filter(({ role }) => role === "shift").length;
  const mean: Cell[][] =
    meanOfShifts === undefined || shifts < 2
      ? []
      : [[[`mean of ${shifts} shifts`, style.name], "", "", "", [percent(meanOfShifts), style.good]]];
  return renderTable([head, ...rows, ...mean], "llrrr");
}
