import { resolve } from "node:path";
import { RecipeError } from "../errors.ts";
import { statPath } from "../sources/file.ts";
import { runProgram } from "./command.ts";
import { openData } from "./data.ts";
import { openEvaluator } from "./evaluator.ts";
import { modelFromFolder } from "./model.ts";
import { checkArchitecture } from "./networks.ts";
import { accuracyOf, meanOfShifts } from "./report.ts";
import type { EvaluateSetting } from "../recipe/types.ts";
import type { EvaluationReport, SplitAccuracy } from "./report.ts";
import type { EvaluableModel, Evaluator, EvaluatorOptions, Split } from "./types.ts";

/** What to evaluate on; a recipe's `evaluate` without its place in the text. */
export type Evaluation =
  | Omit<Extract<EvaluateSetting, { kind: "data" }>, "position">
  | Omit<Extract<EvaluateSetting, { kind: "command" }>, "position">;

export interface EvaluationSurroundings {
  /** Folders that relative paths are tried from; the first is the working directory. */
  readonly searchFrom: readonly [string, ...string[]];
  /** Runs the program that a recipe names under `command`; refused unless true. */
  readonly allowCode?: boolean | undefined;
  /** Variables that a program gets beside its own; absent, and no own ones: those of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Backends of TensorFlow.js to try. */
  readonly backends?: EvaluatorOptions["backends"] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Name and config of the model that is to come, where they are known before it is there. */
  readonly expected?: Pick<EvaluableModel, "name" | "config"> | undefined;
  /** Examples done, over all splits. */
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

export interface EvaluationProgress {
  readonly split: string;
  readonly done: number;
  readonly total: number;
}

/** An evaluation that has been found possible, as far as can be known without the model. */
export type PreparedEvaluation = (model: string) => Promise<EvaluationReport>;

/** Looks for data and head, or refuses a program that may not run, before a model is there. */
export async function prepareEvaluation(
  evaluation: Evaluation,
  surroundings: EvaluationSurroundings,
): Promise<PreparedEvaluation> {
  if (evaluation.kind === "command") return prepareProgram(evaluation, surroundings);
  if (surroundings.expected !== undefined) checkArchitecture(surroundings.expected);
  const folder = await place(evaluation.data, surroundings.searchFrom);
  const splits = await openData(folder, evaluation.splits);
  const head = evaluation.head && (await place(evaluation.head, surroundings.searchFrom));
  const { batch } = evaluation;
  const { backends, signal } = surroundings;
  const options: EvaluatorOptions = {
    ...(batch === undefined ? {} : { batch }),
    ...(head === undefined ? {} : { head }),
    ...(backends === undefined ? {} : { backends }),
    ...(signal === undefined ? {} : { signal }),
  };
  // A backend that is not installed must not be found out after hours of merging; weights come later.
  const evaluator = await openEvaluator(options);
  return async (model) => await evaluateOn(model, splits, evaluator, surroundings);
}

async function evaluateOn(
  path: string,
  splits: readonly Split[],
  evaluator: Evaluator,
  { onProgress, searchFrom: [cwd] }: EvaluationSurroundings,
): Promise<EvaluationReport> {
  try {
    const model = await modelFromFolder(path, cwd);
    const total = splits.reduce((sum, { examples }) => sum + examples, 0);
    const scores: SplitAccuracy[] = [];
    let before = 0;
    for (const split of splits) {
      const score = await evaluator.evaluate(model, split, (done) =>
        onProgress?.({ split: split.name, done: before + done, total }),
      );
      scores.push(accuracyOf(score));
      before += split.examples;
    }
    const mean = meanOfShifts(scores);
    return {
      model: path,
      backend: evaluator.backend,
      splits: scores,
      ...(mean === undefined ? {} : { meanOfShifts: mean }),
    };
  } finally {
    await evaluator.close();
  }
}

function prepareProgram(
  setting: Extract<Evaluation, { kind: "command" }>,
  { allowCode = false, environment, searchFrom, signal }: EvaluationSurroundings,
): PreparedEvaluation {
  if (!allowCode) {
    const [program = ""] = setting.command;
    const hint = "If you trust it, pass --allow-code, or allowCode: true to the library.";
    throw new RecipeError("RECIPE_CODE", `The recipe wants to run the program ${program}.`, {
      where: program,
      hint,
    });
  }
  const [cwd] = searchFrom;
  const inherits = environment === undefined && Object.keys(setting.environment).length === 0;
  return async (model) => {
    const metrics = await runProgram(
      {
        command: setting.command,
        metrics: setting.metrics,
        timeoutSeconds: setting.timeoutSeconds,
        ...(inherits ? {} : { environment: { ...environment, ...setting.environment } }),
        folder: setting.folder === undefined ? resolve(cwd) : await place(setting.folder, searchFrom),
        ...(setting.log === undefined ? {} : { log: resolve(cwd, setting.log) }),
        ...(signal === undefined ? {} : { signal }),
      },
      resolve(cwd, model),
    );
    return { model, splits: [], metrics };
  };
}

/** Where a relative path leads to something; from the first folder if it does nowhere. */
async function place(path: string, searchFrom: readonly string[]): Promise<string> {
  for (const folder of searchFrom) {
    const candidate = resolve(folder, path);
    if ((await statPath(candidate)) !== undefined) return candidate;
  }
  return resolve(searchFrom[0] ?? ".", path);
}
