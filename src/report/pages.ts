import { figureFiles } from "./figures.ts";
import { renderMarkdown } from "./markdown.ts";
import { reportPage } from "./page.ts";
import type { CompareReport } from "./report-types.ts";

/** Every file of a report, by its name in the output folder. */
export function pagesOf(report: CompareReport): ReadonlyMap<string, string> {
  const figures = [...figureFiles(report)].map(([name, text]) => [`figures/${name}`, text] as const);
  return new Map([
    ["report.html", reportPage(report)],
    ["report.json", `${JSON.stringify(report, undefined, 1)}\n`],
    ["report.md", renderMarkdown(report)],
    ...figures,
  ]);
}
