import { resolve } from "node:path";
import type { MergeOptions, PlanOptions } from "../engine/options.ts";
import type { MergeReport } from "../engine/report.ts";
import { EvaluateError, isMergeError, RecipeError } from "../errors.ts";
import type { EvaluationReport } from "../evaluate/report.ts";
import type { Evaluation, EvaluationSurroundings, PreparedEvaluation } from "../evaluate/run.ts";
import { repositoryFolder, snapshotFolder } from "../hub/cache-layout.ts";
import type { HubSettings } from "../hub/environment.ts";
import type { DownloadProgress } from "../hub/fetch-files.ts";
import { modelHub } from "../hub/models.ts";
import { fetchModels } from "../hub/pull.ts";
import { isRepositoryName, parseRepository } from "../hub/repository.ts";
import { statPath } from "../sources/file.ts";
import { openModel } from "../sources/open.ts";
import type { Prepared } from "./prepare.ts";
import { readRecipes } from "./recipe-text.ts";

export interface EvaluateOptions extends Omit<EvaluationSurroundings, "searchFrom"> {
  /** Folder of the model, or one file of weights; with `hub`, also "org/name" or "org/name@revision". */
  readonly model: string;
  /** Where models of the Hub are downloaded from, and kept; absent: nowhere. */
  readonly hub?: HubSettings | undefined;
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  /** What to evaluate on, or a recipe that says it under `evaluate`. */
  readonly on: Evaluation | Pick<PlanOptions, "recipe" | "methods" | "lenient">;
  /** Folder that relative paths start from; the working directory by default. */
  readonly cwd?: string | undefined;
}

/** With its decoders of pictures; loaded by those who evaluate. */
const evaluation = () => import("../evaluate/run.ts");

/** Scores a model on labelled data, or by a program. Throws a MergeError, EvaluateError for what cannot be evaluated. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { model, on, cwd = "." } = options;
  const { prepareEvaluation } = await evaluation();
  const run =
    "kind" in on
      ? await prepareEvaluation(on, { ...options, searchFrom: [resolve(cwd)] })
      : await prepareFromRecipe(on, cwd, options);
  return { ...(await run(await folderOf(options))), model };
}

async function prepareFromRecipe(
  on: Pick<PlanOptions, "recipe" | "methods" | "lenient">,
  cwd: string,
  options: EvaluateOptions,
): Promise<PreparedEvaluation> {
  const { parsed, searchFrom } = await readRecipes({ ...on, cwd, allowCode: options.allowCode });
  const { evaluate: setting, file } = parsed.output;
  if (setting === undefined) {
    const hint = "Add evaluate: {data: FOLDER} to it, or give --data.";
    throw new RecipeError("RECIPE_MISSING_KEY", `${file} does not say what to evaluate on`, {
      where: file,
      hint,
    });
  }
  const { prepareEvaluation } = await evaluation();
  return await prepareEvaluation(setting, { ...options, searchFrom });
}

/** The model as it is given, or where it is in the cache if that is no path but a name at the Hub. */
async function folderOf({ model, hub, cwd = ".", signal, onDownload }: EvaluateOptions): Promise<string> {
  const [name = ""] = model.split("@");
  if (hub === undefined || !isRepositoryName(name)) return model;
  if ((await statPath(resolve(cwd, model))) !== undefined) return model;
  const { repository: path, revision } = parseRepository(model);
  const { hub: origin } = await openModel({ path, revision }, { searchFrom: [], hub: modelHub(hub, signal) });
  if (origin === undefined) return model;
  if (origin.missing.length > 0) await fetchModels(hub, [origin], { signal, onProgress: onDownload });
  return snapshotFolder(repositoryFolder(hub.cacheFolder, path), origin.commit);
}

/** The evaluation that a recipe asks for, found possible before a weight is read; undefined if it asks for none. */
export async function prepareRecipeEvaluation(
  { output, searchFrom }: Prepared,
  options: MergeOptions,
): Promise<PreparedEvaluation | undefined> {
  const { recipe, models, plan } = output;
  if (recipe.evaluate === undefined) return undefined;
  const donor = plan.models.find(({ role }) => role === "base") ?? plan.models[0];
  const config = models.get(donor?.reference ?? "")?.config;
  const expected =
    config === undefined
      ? undefined
      : { name: donor?.reference ?? "", config: { ...config, ...plan.configEdits } };
  const { allowCode, environment, signal, onEvaluation: onProgress } = options;
  const surroundings = { searchFrom, allowCode, environment, signal, onProgress, expected };
  const { prepareEvaluation } = await evaluation();
  return await prepareEvaluation(recipe.evaluate, surroundings);
}

/** The report of a merge with the scores of its result. */
export async function addEvaluation(report: MergeReport, run: PreparedEvaluation): Promise<MergeReport> {
  try {
    return { ...report, evaluation: await run(report.out) };
  } catch (error) {
    if (!isMergeError(error) || error.code === "INTERRUPTED") throw error;
    const { code, where, hint = "" } = error;
    throw new EvaluateError(
      code,
      `The merged model is complete, but could not be evaluated: ${error.message}`,
      {
        hint: hint,
        cause: error,
        ...(where === undefined ? {} : { where }),
      },
    );
  }
}
