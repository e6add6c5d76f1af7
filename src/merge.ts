import { checkRunOptions } from "./engine/options.ts";
import type { MergeOptions, PlanOptions } from "./engine/options.ts";
import type { MergeReport } from "./engine/report.ts";
import { downloadModels } from "./merge/download.ts";
import { addEvaluation, prepareRecipeEvaluation } from "./merge/evaluation.ts";
import { withNews } from "./merge/news.ts";
import { mergeAll } from "./merge/intermediates.ts";
import { withOut } from "./merge/out-folder.ts";
import { prepare } from "./merge/prepare.ts";
import type { MergePlan } from "./plan/types.ts";

/** Runs a recipe and writes the merged model. Throws a MergeError, and then leaves no file behind. */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  checkRunOptions(options);
  const prepared = await prepare(options);
  const { recipe, plan } = prepared.output;
  const evaluation = await prepareRecipeEvaluation(prepared, options);
  const placed = withOut({ ...options, methods: prepared.methods }, recipe);
  await options.onPlan?.(plan);
  const ready = await downloadModels(prepared, placed);
  const report = await withNews(await mergeAll(ready, placed), prepared, options);
  return evaluation === undefined ? report : await addEvaluation(report, evaluation);
}

/** Finds out all that a merge would do, without reading a weight or writing a file. */
export async function plan(options: PlanOptions): Promise<MergePlan> {
  const { output } = await prepare(options);
  return output.plan;
}
