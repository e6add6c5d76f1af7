import { estimateResources, merge, UsageError } from "../../index.ts";
import type { MergePlan, MergeReport } from "../../index.ts";
import type { Command, Context } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { mergeOptions } from "../merge-options.ts";
import { notesOn } from "../mergekit-options.ts";
import { MERGEKIT_OPTION_NAMES, PLAN_OPTIONS } from "../options.ts";
import type { OptionName, OptionValues } from "../options.ts";
import { createProgress } from "../progress.ts";
import { renderPlanSummary } from "../render-plan.ts";
import { renderTokenizer } from "../render-tokenizer.ts";
import { renderResult } from "../render-result.ts";
import { renderProblems } from "../report-error.ts";

export const mergeCommand: Command = {
  name: "merge",
  summary: "Merge models by a recipe into a folder.",
  description:
    "Reads RECIPE, checks everything that can be known before a weight is read, merges the models and writes OUT: " +
    "safetensors weights, config, tokenizer and all other small files of the base, a model card and the recipe. " +
    "Files get their final names when all are complete. The same inputs give the same bytes, always.",
  arguments: [
    { name: "RECIPE", doc: "A YAML file." },
    { name: "[OUT]", doc: "The folder to write; made if need be." },
  ],
  options: [
    ...PLAN_OPTIONS,
    "workers",
    "tileBytes",
    "keepIntermediate",
    "hashInputs",
    "store",
    "lock",
    "force",
    "allowNonFinite",
    "quiet",
    "json",
    ...MERGEKIT_OPTION_NAMES.filter((name) => !(PLAN_OPTIONS as readonly OptionName[]).includes(name)),
  ],
  examples: [
    ["merge recipes/glyphs-model-stock.yml merged", "merge, and see what was done"],
    [
      "merge recipes/glyphs-linear.yml merged --dtype bfloat16 --out-shard-size 2GB",
      "another dtype, smaller files",
    ],
    ["merge recipes/glyphs-slerp.yml merged --force --quiet", "replace an earlier result, silently"],
    ["merge recipes/glyphs-overrides.yml merged --json > result.json", "the result for a program"],
  ],
  async run(context, recipe = "", given) {
    const out = outputOf(given, context.options);
    if (context.options.quiet !== true) {
      for (const note of notesOn(context.options)) context.io.stderr.write(`${note}\n`);
    }
    const started = performance.now();
    const report = await mergeWithProgress(context, recipe, out);
    const seconds = (performance.now() - started) / 1000;
    const peakMemoryBytes = context.io.peakMemoryBytes();
    const { io, options, style, errorStyle } = context;
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify({ ...report, seconds, peakMemoryBytes }, undefined, 2)}\n`);
    } else if (options.quiet !== true) {
      io.stdout.write(
        `${renderResult(report, { out: out ?? report.out, seconds, peakMemoryBytes }, style).join("\n")}\n`,
      );
    }
    if (report.warnings.length > 0) {
      io.stderr.write(`${renderProblems(report.warnings, errorStyle).join("\n")}\n`);
    }
    return 0;
  },
};

/** The output as a word of its own, or after mergekit's flag for it. */
function outputOf(given: string | undefined, { outPath }: OptionValues): string | undefined {
  const out = given ?? outPath;
  if (given === undefined || outPath === undefined) return out;
  const hint = '"stockpot merge --help" explains.';
  throw new UsageError("USAGE", `OUT is given twice: ${given} and --out-path ${outPath}`, { hint });
}

async function mergeWithProgress(context: Context, recipe: string, out?: string): Promise<MergeReport> {
  const { io, options, style, errorStyle } = context;
  // Names of files would break the bar.
  const download = createProgress(io, errorStyle, options.quiet === true || options.verbose === true);
  const progress = createProgress(io, errorStyle, options.quiet);
  const evaluation = createProgress(io, errorStyle, options.quiet, "examples");
  const hub = await hubOf(context);
  const onPlan = async (plan: MergePlan) => {
    if (options.json === true || options.quiet === true) return;
    const resources = await estimateResources(plan, { ...mergeOptions(options), out, hub });
    const lines = [style.heading(`Plan of ${recipe}`), ...renderPlanSummary(plan, resources, style), ""];
    const tokens = renderTokenizer(plan, style);
    if (tokens.length > 0) lines.push(...tokens, "");
    io.stdout.write(`${lines.join("\n")}\n`);
  };
  try {
    return await merge({
      recipe,
      out,
      ...mergeOptions(options),
      environment: io.environment,
      onEvaluation: ({ done, total }) => {
        progress.stop();
        evaluation.update(done, total);
      },
      ...{ hub, signal: io.signal, onPlan },
      onDownload: ({ doneBytes, totalBytes }) => download.update(doneBytes, totalBytes),
      onProgress: ({ doneBytes, totalBytes }) => {
        download.stop();
        progress.update(doneBytes, totalBytes);
      },
      ...(options.verbose === true && { onDownloaded: (file) => io.stderr.write(`${file}\n`) }),
    });
  } finally {
    download.stop();
    progress.stop();
    evaluation.stop();
  }
}
