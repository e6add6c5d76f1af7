import type { CompareOptions } from "./compare/options.ts";
import type { CompareReport } from "./report/report-types.ts";

/**
 * Lays merges of the same models side by side: measures their task vectors once, makes every variant, scores all of them
 * where there are data, and writes the report, and what is to be kept, into `out`. Throws a MergeError, and then leaves
 * no report behind.
 */
export async function compare(options: CompareOptions): Promise<CompareReport> {
  // With its pages and figures, which no other command needs.
  const { compareModels } = await import("./compare/compare.ts");
  return await compareModels(options);
}
