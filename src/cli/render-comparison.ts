import type { CompareReport, DiagnosedGroup, ReportVariant } from "../index.ts";
import { comparisonOf, markOf, metricNames, metricText, percentText, scoreColumns } from "../index.ts";
import type { ScoreColumn } from "../index.ts";
import { formatDuration } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable, wrapText } from "./table.ts";
import type { Cell } from "./table.ts";

/** Columns of a bar; each has eight steps. */
const BAR_WIDTH = 8;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** The same table as in the report, with bars: verdict, scores, what the weights tell, where the rest is. */
export function renderComparison(report: CompareReport, out: string, style: Style, width: number): string[] {
  const { verdict, warnings, diagnosis } = report;
  const paragraphs = [
    wrapText(verdict.headline, width).map(style.heading),
    verdict.sentences.flatMap((sentence) => bullet(sentence, width)),
    renderVariants(report, style),
    renderGreedy(report, style),
    ...(diagnosis === undefined
      ? []
      : [
          renderGroups(diagnosis.kinds, style),
          diagnosis.findings.flatMap(({ severity, title, meaning, advice }) =>
            bullet(`${title}. ${meaning} ${advice}`, width).map((line, i) =>
              i === 0 && severity === "warning" ? line.replace(title, style.warning(title)) : line,
            ),
          ),
        ]),
    warnings.flatMap((warning) => bullet(warning, width)),
    [
      `The report is in ${out}: report.html to read and send, report.md, report.json for programs; ${formatDuration(report.seconds)}`,
    ],
  ];
  return paragraphs
    .filter((lines) => lines.length > 0)
    .flatMap((lines, i) => (i === 0 ? lines : ["", ...lines]));
}

const bullet = (text: string, width: number): string[] =>
  wrapText(text, width - 4).map((line, i) => (i === 0 ? `  - ${line}` : `    ${line}`));

/** Averages, and single splits where there is nothing to average; the curve as its ends and its best point. */
function renderVariants(report: CompareReport, style: Style): string[] {
  const columns = scoreColumns(report).filter(
    ({ title }) => title === "in distribution" || title === "under shift",
  );
  const heldOut = scoreColumns(report).filter(({ title }) =>
    report.splits.some(({ name, role }) => name === title && role === "held out"),
  );
  const shown = [...columns, ...heldOut];
  const metrics = metricNames(report);
  const rows = report.variants.filter(
    (variant) => variant.kind !== "curve" || isBestOfCurve(variant, report),
  );
  const distances = shown.length === 0 && rows.some((variant) => variant.distances !== undefined);
  const head: Cell[] = [
    "",
    ...shown.flatMap(({ title }) => [title, "", ""]),
    ...metrics,
    ...(distances ? ["from base", "from soup"] : []),
    "",
  ];
  const scales = shown.map((column) => scaleOf(rows, column));
  const lines = rows.map((variant): Cell[] => [
    [variant.name, style.name],
    ...shown.flatMap((column, i) => scoreCells(report, variant, column, scales[i], style)),
    ...metrics.map((name) => metricText(variant.metrics?.[name])),
    ...(distances ? distanceCells(variant) : []),
    [noteOf(variant), style.dim],
  ]);
  const align = `l${shown.map(() => "rll").join("")}${metrics.map(() => "r").join("")}${distances ? "rr" : ""}l`;
  const table = renderTable([head.map((cell): Cell => [String(cell), style.dim]), ...lines], align);
  const { baseline } = report;
  const legend = `▲ ▼ measurably better, worse than ${baseline ?? ""} (McNemar, 5 % after correction)`;
  return baseline === undefined ? table : [...table, "", `  ${style.dim(legend)}`];
}

function noteOf({ kind, description }: ReportVariant): string {
  if (kind === "elsewhere") return `not measured here${description === "" ? "" : `: ${description}`}`;
  return kind === "model" ? "" : description;
}

const isBestOfCurve = (variant: ReportVariant, { variants }: CompareReport) => {
  const value = ({ underShift, inDistribution }: ReportVariant) =>
    (underShift ?? inDistribution)?.accuracy ?? 0;
  const best = Math.max(...variants.filter(({ kind }) => kind === "curve").map(value));
  return variants.find((each) => each.kind === "curve" && value(each) === best) === variant;
};

/** Bars start a little below the smallest value, so that differences show. */
function scaleOf(rows: readonly ReportVariant[], column: ScoreColumn): readonly [number, number] {
  const values = rows.flatMap((variant) => column.valueOf(variant)?.accuracy ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - (high - low) * 0.15, high];
}

function scoreCells(
  report: CompareReport,
  variant: ReportVariant,
  column: ScoreColumn,
  [low, high]: readonly [number, number] = [0, 1],
  style: Style,
): Cell[] {
  const value = column.valueOf(variant);
  if (value === undefined) return ["", "", ""];
  const mark = markOf(comparisonOf(report, variant, column));
  const paint = mark === "▲" ? style.good : mark === "▼" ? style.warning : (text: string) => text;
  const share = high > low ? (value.accuracy - low) / (high - low) : 1;
  return [percentText(value.accuracy), bar(share), [mark, paint]];
}

function bar(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH * 8);
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

const distanceCells = ({ distances }: ReportVariant): Cell[] =>
  distances === undefined ? ["", ""] : [distances.toBase.toPrecision(3), distances.toSoup.toPrecision(3)];

function renderGreedy({ greedy }: CompareReport, style: Style): string[] {
  if (greedy === undefined) return [];
  const rows = greedy.steps.map(({ model, soup, added }): Cell[] => [
    [model, style.name],
    String(soup),
    added ? "kept" : [`left out`, style.dim],
  ]);
  return [
    style.dim(`Greedy soup, right of ${greedy.examples} on ${greedy.split}`),
    ...renderTable(rows, "lrl"),
  ];
}

function renderGroups(
  kinds: readonly ({ readonly kind: string } & DiagnosedGroup)[],
  style: Style,
): string[] {
  const head = ["", "tensors", "angle", "range", "t", "range"].map((cell): Cell => [cell, style.dim]);
  const rows = kinds.map(({ kind, tensors, angle, t }): Cell[] => [
    [kind, style.name],
    String(tensors),
    ...(angle === undefined || t === undefined
      ? ["", "", "", ""]
      : [
          `${angle.median.toFixed(1)}°`,
          `${angle.minimum.toFixed(0)}–${angle.maximum.toFixed(0)}°`,
          t.median.toFixed(2),
          `${t.minimum.toFixed(2)}–${t.maximum.toFixed(2)}`,
        ]),
  ]);
  return renderTable([head, ...rows], "lrrlrl");
}
