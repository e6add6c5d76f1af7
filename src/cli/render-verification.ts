import type { VerifyReport } from "../index.ts";
import { formatBytes, formatDuration, formatRate, plural } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

interface Shown {
  /** The output folder as the user wrote it. */
  readonly out: string;
  readonly seconds: number;
}

/** What was compared, and the verdict; the problems themselves go to standard error. */
export function renderVerification(report: VerifyReport, { out, seconds }: Shown, style: Style): string[] {
  const label = (text: string): Cell => [text, style.dim];
  const rows: Cell[][] = [
    [label("files"), filesOf(report)],
    [label("tensors"), tensorsOf(report)],
    ...(report.replanned ? [[label("inputs"), inputsOf(report)]] : []),
  ];
  const verdict = report.intact ? style.good("Intact") : style.error("Not intact");
  const rate = formatRate(report.hashedBytes, seconds);
  return [
    style.heading(`${out}, merged by version ${report.stockpot}`),
    ...renderTable(rows, "ll"),
    "",
    `${verdict}: hashed ${formatBytes(report.hashedBytes)} in ${formatDuration(seconds)} at ${rate}`,
  ];
}

function filesOf({ files }: VerifyReport): string {
  const count = (...states: string[]) => files.filter(({ state }) => states.includes(state)).length;
  const parts = [
    `${count("intact")} of ${plural(files.length - count("extra"), "file")} as the merge wrote them`,
  ];
  for (const state of ["changed", "missing", "extra"])
    if (count(state) > 0) parts.push(`${count(state)} ${state}`);
  return parts.join(", ");
}

function tensorsOf({ tensorCount, replanned, problems }: VerifyReport): string {
  if (!replanned) return `${plural(tensorCount, "tensor")}, not compared with a plan`;
  const isAsPlanned = !problems.some(({ code }) => code === "VERIFY_TENSORS");
  return `${plural(tensorCount, "tensor")}, ${isAsPlanned ? "as" : "not as"} the recipe plans them`;
}

function inputsOf({ inputCount, problems }: VerifyReport): string {
  const changed = problems.some(({ code }) => code === "VERIFY_INPUT");
  return `${plural(inputCount, "model")}, ${changed ? "some changed since" : "as the merge read them"}`;
}
