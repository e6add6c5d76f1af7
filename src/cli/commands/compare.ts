import { compare } from "../../index.ts";
import type { CompareReport } from "../../index.ts";
import type { Command, Context } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { textWidth } from "../io.ts";
import { mergeOptions } from "../merge-options.ts";
import { PLAN_OPTIONS } from "../options.ts";
import { createProgress } from "../progress.ts";
import { renderComparison } from "../render-comparison.ts";

export const compareCommand: Command = {
  name: "compare",
  summary: "Lay merges of the same models side by side, with scores and reasons.",
  description:
    "Reads the models of RECIPE once and compares what can be made of them: base, every model, uniform soup, Model " +
    "Stock, task arithmetic, WiSE-FT, greedy soup, or what the recipe names under compare. With data, every variant is " +
    "scored and tested against the uniform soup; without, the angles between the models tell what they can. Writes " +
    "report.html (one file, to send), its figures as SVG, report.md and report.json into OUT, and the weights of those " +
    "variants that compare.keep names.",
  arguments: [
    { name: "RECIPE", doc: "A YAML file." },
    { name: "OUT", doc: "The folder to write; made if need be." },
  ],
  options: [
    "data",
    "split",
    ...PLAN_OPTIONS.filter((name) => name !== "locked"),
    "workers",
    "tileBytes",
    "force",
    "allowNonFinite",
    "quiet",
    "json",
  ],
  examples: [
    ["compare recipes/glyphs-model-stock.yml compared", "what the weights tell, without data"],
    [
      "compare recipes/glyphs-compare.yml compared --split shift-serif",
      "scores on one split; without --split on all that the recipe means",
    ],
    ["compare recipes/glyphs-model-stock.yml compared --force --json > report.json", "for a program"],
  ],
  async run(context, recipe = "", out = "") {
    const { io, options, style } = context;
    const report = await compareWithProgress(context, recipe, out);
    if (options.json === true) io.stdout.write(`${JSON.stringify(report, undefined, 1)}\n`);
    else if (options.quiet !== true)
      io.stdout.write(`${renderComparison(report, out, style, textWidth(io.stdout)).join("\n")}\n`);
    return 0;
  },
};

async function compareWithProgress(context: Context, recipe: string, out: string): Promise<CompareReport> {
  const { io, options, errorStyle } = context;
  const bytes = createProgress(io, errorStyle, options.quiet);
  const examples = createProgress(io, errorStyle, options.quiet, "examples");
  const { split = [], data } = options;
  try {
    return await compare({
      recipe,
      out,
      ...mergeOptions(options),
      data,
      splits: split.length > 0 ? split : undefined,
      environment: io.environment,
      versions: { node: process.version },
      hub: await hubOf(context),
      signal: io.signal,
      onDownload: ({ doneBytes, totalBytes }) => bytes.update(doneBytes, totalBytes),
      onProgress: (progress) => {
        if (progress.stage === "measure") {
          bytes.update(progress.doneBytes, progress.totalBytes);
        } else {
          bytes.stop();
          examples.update(progress.doneExamples, progress.totalExamples);
        }
      },
    });
  } finally {
    bytes.stop();
    examples.stop();
  }
}
