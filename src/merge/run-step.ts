import type { MergeOptions } from "../engine/options.ts";
import { reportMerge } from "../engine/report.ts";
import type { MergeReport } from "../engine/report.ts";
import { runPlan } from "../engine/run.ts";
import { openSink } from "../sink/open.ts";
import type { Step } from "./prepare.ts";

/** Runs one plan and writes its result, with the given recipe beside it, into `out`. Throws a MergeError, and then leaves no file behind. */
export async function runStep(
  step: Step,
  out: string,
  recipeText: string,
  options: MergeOptions,
): Promise<MergeReport> {
  const { plan, models } = step;
  const { force = false, methods } = options;
  const sink = await openSink(out, plan, { models, force, recipeText, methods });
  try {
    const run = await runPlan(plan, { ...options, shardPaths: sink.shardPaths });
    const files = await sink.commit();
    return reportMerge(plan, run, sink.directory, files);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
