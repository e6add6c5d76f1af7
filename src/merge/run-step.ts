import type { MergeOptions } from "../engine/options.ts";
import { reportMerge } from "../engine/report.ts";
import type { MergeReport } from "../engine/report.ts";
import { runPlan } from "../engine/run.ts";
import { openSink } from "../sink/open.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { TOKENIZER_FILES } from "../tokenizer/files.ts";
import type { Step } from "./plan-step.ts";
import { withoutCopies } from "./tokenizer-output.ts";

/** Runs one plan and writes its result, with the given recipe beside it, into `out`. Throws a MergeError, and then leaves no file behind. */
export async function runStep(
  step: Step,
  out: string,
  recipeText: string,
  options: MergeOptions,
): Promise<MergeReport> {
  const { plan } = step;
  const { force = false, methods, modelCard, copyTokenizer = true } = options;
  // A tokenizer that the recipe asks for is no copy.
  const without = !copyTokenizer && plan.tokenizer === undefined;
  const models = without ? new Map([...step.models].map(withoutTokenizer)) : step.models;
  const ownFiles = without ? withoutCopies(step.output.ownFiles) : step.output.ownFiles;
  const sink = await openSink(out, plan, { models, force, recipeText, methods, modelCard, ownFiles });
  try {
    const run = await runPlan(plan, { ...options, shardPaths: sink.shardPaths });
    const files = await sink.commit();
    return reportMerge(plan, run, sink.directory, files);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

function withoutTokenizer([reference, headers]: [string, ModelHeaders]): [string, ModelHeaders] {
  const sideFiles = headers.sideFiles.filter(({ name }) => !TOKENIZER_FILES.includes(name));
  return [reference, { ...headers, sideFiles }];
}
