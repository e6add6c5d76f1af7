import { evaluate, UsageError } from "../../index.ts";
import type { EvaluateOptions, EvaluationReport } from "../../index.ts";
import type { Command, Context } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { createProgress } from "../progress.ts";
import { formatCount, formatDuration } from "../quantities.ts";
import { renderEvaluation } from "../render-evaluation.ts";

export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "Score a model on labelled data.",
  description:
    "Counts the right answers of MODEL on every split of a data folder: safetensors files of pictures, tokens or " +
    "features with labels, ImageNet and its shifts, or other folders of class folders with JPEG and PNG files. " +
    "Runs CLIP, ViT and BERT classifiers and multilayer perceptrons with TensorFlow.js; a recipe may name a program of " +
    "your own for all other models. docs/evaluate.md has the details.",
  arguments: [
    {
      name: "MODEL",
      doc: "A folder with safetensors files, config.json and preprocessor_config.json, or a model of the Hub: org/name, org/name@revision.",
    },
  ],
  options: ["data", "split", "batch", "head", "backend", "recipe", "offline", "allowCode", "quiet", "json"],
  examples: [
    [
      "evaluate demo/glyphs/ft1 --data demo/glyphs/data",
      "accuracy on every split, and the mean of the shifts",
    ],
    ["evaluate demo/glyphs/base --data demo/glyphs/data --split id-test --split val", "two splits only"],
    ["evaluate demo/glyphs/ft2 --recipe recipes/glyphs-evaluate.yml", "on what a recipe says under evaluate"],
    ["evaluate demo/glyphs/base --data demo/glyphs/data --split val --json > score.json", "for a program"],
  ],
  async run(context, model = "") {
    const { io, options, style } = context;
    const started = performance.now();
    const report = await evaluateWithProgress(context, { model, on: subjectOf(context) });
    const seconds = (performance.now() - started) / 1000;
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify({ ...report, seconds }, undefined, 2)}\n`);
    } else if (options.quiet !== true) {
      const by = report.backend === undefined ? "" : ` by ${report.backend}`;
      const lines = [
        style.heading(`Evaluation of ${model}${by}`),
        ...renderEvaluation(report, style),
        "",
        summary(report, seconds),
      ];
      io.stdout.write(`${lines.join("\n")}\n`);
    }
    return 0;
  },
};

function summary({ splits }: EvaluationReport, seconds: number): string {
  const examples = splits.reduce((sum, split) => sum + split.examples, 0);
  const count = examples === 0 ? "Done" : `${formatCount(examples)} examples`;
  return `${count} in ${formatDuration(seconds)}`;
}

/** Data on the command line, or a recipe that says what to evaluate on. */
function subjectOf({ options }: Context): EvaluateOptions["on"] {
  const { data, split: splits = [], batch, head, recipe } = options;
  const hint = '"stockpot evaluate --help" explains.';
  if ((data === undefined) === (recipe === undefined)) {
    const what = data === undefined ? "What to evaluate on is missing: give" : "Give either";
    throw new UsageError("USAGE", `${what} --data DIR or --recipe FILE`, { hint });
  }
  if (recipe !== undefined) {
    if (splits.length > 0 || batch !== undefined || head !== undefined)
      throw new UsageError("USAGE", "--split, --batch and --head go with --data; the recipe has its own", {
        hint,
      });
    return { recipe };
  }
  return {
    kind: "data",
    data: data ?? "",
    splits,
    ...(batch === undefined ? {} : { batch }),
    ...(head === undefined ? {} : { head }),
  };
}

async function evaluateWithProgress(
  { io, options, errorStyle }: Context,
  what: Pick<EvaluateOptions, "model" | "on">,
): Promise<EvaluationReport> {
  const download = createProgress(io, errorStyle, options.quiet);
  const progress = createProgress(io, errorStyle, options.quiet, "examples");
  try {
    return await evaluate({
      ...what,
      allowCode: options.allowCode,
      environment: io.environment,
      backends: options.backend === undefined ? undefined : [options.backend],
      signal: io.signal,
      hub: await hubOf({ io, options }),
      onDownload: ({ doneBytes, totalBytes }) => download.update(doneBytes, totalBytes),
      onProgress: ({ done, total }) => {
        download.stop();
        progress.update(done, total);
      },
    });
  } finally {
    download.stop();
    progress.stop();
  }
}
