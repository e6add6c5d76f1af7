import type { Problem } from "../errors.ts";
import type { EvaluationReport } from "../evaluate/report.ts";
import type { MergePlan, PlannedTokenizer } from "../plan/types.ts";
import type { WrittenFile } from "../sink/types.ts";
import type { RunReport } from "./run-types.ts";
import { summarizeKinds } from "./summary.ts";
import type { KindSummary } from "./summary.ts";

/** A merge whose result the output was made from. */
export interface IntermediateReport {
  readonly name: string;
  readonly mergeMethod: string;
  /** "inside": tile by tile, as a part of those that took it; "folder": before them. */
  readonly computed: "inside" | "folder";
  /** Absolute path of its folder, if it was kept. */
  readonly out?: string;
  /** Of its weights, as they are in a folder or would be. */
  readonly byteLength: number;
  /** Of what was done before those that took it: the whole merge, measuring, or nothing and then absent. */
  readonly seconds?: number;
  readonly readBytes?: number;
}

/** What a merge did, as plain JSON. */
export interface MergeReport {
  /** In the order in which they were made, if there are any. */
  readonly intermediates?: readonly IntermediateReport[];
  /** The recipe's file, as it was named. */
  readonly recipe: string;
  readonly mergeMethod: string;
  readonly models: readonly { readonly reference: string; readonly role: "base" | "model" }[];
  /** Absolute path of the output folder. */
  readonly out: string;
  readonly output: {
    readonly tensorCount: number;
    readonly parameterCount: number;
    /** Against the model that gives the config: the base, or the first model. */
    readonly addedTensors: number;
    readonly missingTensors: number;
    readonly addedParameters: number;
    /** Of the weights, headers included. */
    readonly byteLength: number;
    readonly shardCount: number;
  };
  /** Number of tensors merged by each method. */
  readonly merged: Readonly<Record<string, number>>;
  /** Names of the tensors whose bytes were copied from one model. */
  readonly copied: readonly string[];
  /** Spread of the numbers that the methods reported, by kind of tensor. */
  readonly kinds: readonly KindSummary[];
  /** What became of the tokens, where the recipe says something about them. */
  readonly tokenizer?: PlannedTokenizer;
  /** Every file of the output folder that this merge wrote, and where it comes from. */
  readonly files: readonly WrittenFile[];
  readonly run: RunReport;
  readonly warnings: readonly Problem[];
  /** Scores of the result, if the recipe asks for them. */
  readonly evaluation?: EvaluationReport;
}

export function summarizeIntermediate(
  name: string,
  { mergeMethod, out, output, run }: MergeReport,
  temporary: boolean,
): IntermediateReport {
  const { seconds, readBytes } = run;
  const { byteLength } = output;
  const place = temporary ? {} : { out };
  return { name, mergeMethod, computed: "folder", ...place, byteLength, seconds, readBytes };
}

/** `measured`: the run that found its coefficients, if there was one. */
export function summarizeInside(
  name: string,
  { mergeMethod, output }: MergePlan,
  measured?: Pick<RunReport, "seconds" | "readBytes">,
): IntermediateReport {
  const { byteLength } = output;
  const spent = measured && { seconds: measured.seconds, readBytes: measured.readBytes };
  return { name, mergeMethod, computed: "inside", byteLength, ...spent };
}

export function reportMerge(
  plan: MergePlan,
  run: RunReport,
  out: string,
  files: readonly WrittenFile[],
): MergeReport {
  const merged: Record<string, number> = {};
  for (const { action, method } of plan.tensors) {
    if (action === "merge") merged[method] = (merged[method] ?? 0) + 1;
  }
  return {
    recipe: plan.recipe,
    mergeMethod: plan.mergeMethod,
    models: plan.models.map(({ reference, role }) => ({ reference, role })),
    out,
    output: {
      tensorCount: plan.tensors.length,
      parameterCount: plan.output.parameterCount,
      addedTensors: plan.output.addedTensors,
      missingTensors: plan.output.missingTensors,
      addedParameters: plan.output.addedParameters,
      byteLength: plan.output.byteLength,
      shardCount: plan.output.shards.length,
    },
    merged,
    copied: plan.tensors.filter(({ action }) => action === "copy").map(({ name }) => name),
    kinds: summarizeKinds(run.tensors),
    ...(plan.tokenizer && { tokenizer: plan.tokenizer }),
    files,
    run,
    warnings: plan.warnings,
  };
}
