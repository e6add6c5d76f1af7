import type { MergeOptions } from "../engine/options.ts";
import { reportMerge } from "../engine/report.ts";
import type { MergeReport } from "../engine/report.ts";
import { runPlan, workerCount } from "../engine/run.ts";
import { ShardHasher } from "../engine/shard-hasher.ts";
import type { LockedInput } from "../lock/lock-file.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { openSink } from "../sink/open.ts";
import type { WrittenFile } from "../sink/types.ts";
import { withoutTokens } from "../lock/secrets.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { TOKENIZER_FILES } from "../sources/tokenizer-names.ts";
import { lockText } from "./lock.ts";
import type { Step } from "./plan-step.ts";
import { streamingOf } from "./stream.ts";
import { withoutCopies } from "./tokenizer-output.ts";

/** What the lock file of a result says of the models; and whether its recipe can be planned by itself. */
export interface LockSource {
  readonly inputs: readonly LockedInput[];
  readonly planned: boolean;
}

/**
 * Runs one plan and writes its result into `out`, with the given recipe and, if there is a source for it, a lock file
 * beside it. Throws a MergeError, and then leaves no file behind.
 */
export async function runStep(
  step: Step,
  out: string,
  recipeText: string,
  options: MergeOptions,
  lock?: LockSource,
): Promise<MergeReport> {
  const { plan } = step;
  const { force = false, methods, modelCard, copyTokenizer = true } = options;
  // A tokenizer that the recipe asks for is no copy.
  const without = !copyTokenizer && plan.tokenizer === undefined;
  const models = without ? new Map([...step.models].map(withoutTokenizer)) : step.models;
  const ownFiles = without ? withoutCopies(step.output.ownFiles) : step.output.ownFiles;
  const sink = await openSink(out, plan, {
    models,
    force,
    recipeText: withoutTokens(recipeText),
    methods,
    modelCard,
    ownFiles,
    inputs: lock?.inputs,
  });
  const hasher =
    lock &&
    new ShardHasher(plan, sink.shardPaths, { threads: hashThreads(plan, options), signal: options.signal });
  const streaming = streamingOf(step, sink.shardPaths, options);
  try {
    const onWritten = (tensor: PlannedTensor) => hasher?.note(tensor);
    const run = await runPlan(plan, {
      ...options,
      ...{ shardPaths: sink.shardPaths, onWritten, streamed: streaming.options },
    });
    const shardSha256 = await hasher?.finish();
    const files = await sink.commit(
      lock && shardSha256 && { shardSha256, text: textOf(step, recipeText, lock, options) },
    );
    return reportMerge(plan, run, sink.directory, files);
  } catch (error) {
    streaming.stop();
    await hasher?.stop();
    await sink.abort();
    throw error;
  }
}

/** A hasher for every two workers that write keeps up with them. */
const hashThreads = (plan: MergePlan, { workers }: MergeOptions) => Math.ceil(workerCount(plan, workers) / 2);

const textOf =
  ({ plan }: Step, recipeText: string, { inputs, planned }: LockSource, options: MergeOptions) =>
  (files: readonly WrittenFile[]) =>
    lockText(
      { plan, recipeText: withoutTokens(recipeText), inputs, options: planned ? options : undefined },
      files,
    );

function withoutTokenizer([reference, headers]: [string, ModelHeaders]): [string, ModelHeaders] {
  const sideFiles = headers.sideFiles.filter(({ name }) => !TOKENIZER_FILES.includes(name));
  return [reference, { ...headers, sideFiles }];
}
