import { checkRunOptions } from "./engine/options.ts";
import type { MergeOptions, PlanOptions } from "./engine/options.ts";
import type { MergeReport } from "./engine/report.ts";
import { downloadModels } from "./merge/download.ts";
import { mergeAll } from "./merge/intermediates.ts";
import { prepare } from "./merge/prepare.ts";
import type { MergePlan } from "./plan/types.ts";

/** Runs a recipe and writes the merged model. Throws a MergeError, and then leaves no file behind. */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  checkRunOptions(options);
  const prepared = await prepare(options);
  await options.onPlan?.(prepared.output.plan);
  const ready = await downloadModels(prepared, options);
  return await mergeAll(ready, { ...options, methods: prepared.methods });
}

/** Finds out all that a merge would do, without reading a weight or writing a file. */
export async function plan(options: PlanOptions): Promise<MergePlan> {
  const { output } = await prepare(options);
  return output.plan;
}
