import { renderMarkdown } from "./markdown.ts";
import type { CompareReport } from "./report-types.ts";

/** Every file of a report in the output folder, and what makes it. A page more is a line more. */
export const PAGES: Readonly<Record<string, (report: CompareReport) => string>> = {
  "report.json": (report) => `${JSON.stringify(report, undefined, 1)}\n`,
  "report.md": renderMarkdown,
};
