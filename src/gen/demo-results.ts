import { figureFiles } from "../report/figures.ts";
import type { CompareReport, ReportVariant } from "../report/report-types.ts";
import { comparisonOf, markOf, percentText, scoreColumns } from "../report/table.ts";
import { table } from "./markdown.ts";

/** What the last kept run of the demo found. */
export const DEMO_REPORT = "demo/glyphs/report.json";
const IMAGES_FOLDER = "docs/images";
const IMAGES = ["scores", "triangle-small", "triangle-large"];

/** The demo's figures that the documentation shows, by path. */
export function demoImages(report: CompareReport): [path: string, text: string][] {
  const figures = figureFiles(report);
  return IMAGES.map((name) => [`${IMAGES_FOLDER}/demo-${name}.svg`, figures.get(`${name}.svg`) ?? ""]);
}

/** Verdict, picture and table of the demo for the README. */
export function demoResults(report: CompareReport): string {
  const columns = scoreColumns(report).filter(
    ({ title }) => title === "in distribution" || title === "under shift",
  );
  const cellOf = (variant: ReportVariant) => (column: (typeof columns)[number]) => {
    const value = column.valueOf(variant);
    const mark = markOf(comparisonOf(report, variant, column));
    return value === undefined ? "" : `${percentText(value.accuracy)} ${mark}`.trim();
  };
  const rows = report.variants.map((variant) => [
    variant.name,
    variant.description,
    ...columns.map(cellOf(variant)),
  ]);
  return [
    "",
    `> ${report.verdict.headline}`,
    "",
    `![Accuracy in distribution against accuracy under shift, for each variant](${IMAGES_FOLDER}/demo-scores.svg)`,
    "",
    table(["variant", "made of", ...columns.map(({ title }) => `${title}, %`)], rows),
    "",
    `▲ and ▼: measurably better and worse than ${report.baseline ?? "the baseline"} on the same examples (McNemar's exact test, 5 % after Holm's correction).`,
    "",
  ].join("\n");
}
