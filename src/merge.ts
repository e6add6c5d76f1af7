import { resolve } from "node:path";
import { checkRunOptions, planningOptions } from "./engine/options.ts";
import type { MergeOptions, PlanOptions } from "./engine/options.ts";
import { reportMerge } from "./engine/report.ts";
import type { MergeReport } from "./engine/report.ts";
import { runPlan } from "./engine/run.ts";
import { planMerge } from "./plan/plan.ts";
import type { MergePlan } from "./plan/types.ts";
import { MAX_RECIPE_BYTES } from "./recipe/limits.ts";
import { parseRecipe } from "./recipe/parse.ts";
import { referencedModels } from "./recipe/references.ts";
import type { Recipe } from "./recipe/types.ts";
import { openSink } from "./sink/open.ts";
import { openModels } from "./sources/open.ts";
import { readRecipe } from "./sources/recipe-file.ts";
import type { ModelHeaders } from "./sources/types.ts";

/** Runs a recipe and writes the merged model. Throws a MergeError, and then leaves no file behind. */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  checkRunOptions(options);
  const { recipe, models, plan } = await prepare(options);
  await options.onPlan?.(plan);
  const { cwd = ".", out, force = false, methods } = options;
  const sink = await openSink(resolve(cwd, out), plan, { models, force, recipeText: recipe.text, methods });
  try {
    const run = await runPlan(plan, { ...options, shardPaths: sink.shardPaths });
    const files = await sink.commit();
    return reportMerge(plan, run, sink.directory, files);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Finds out all that a merge would do, without reading a weight or writing a file. */
export async function plan(options: PlanOptions): Promise<MergePlan> {
  const prepared = await prepare(options);
  return prepared.plan;
}

interface Prepared {
  readonly recipe: Recipe;
  readonly models: ReadonlyMap<string, ModelHeaders>;
  readonly plan: MergePlan;
}

async function prepare(options: PlanOptions): Promise<Prepared> {
  const planning = planningOptions(options);
  const cwd = resolve(options.cwd ?? ".");
  const { text, file, folder } = await readRecipe(options.recipe, cwd, MAX_RECIPE_BYTES);
  const { recipe, warnings } = parseRecipe(text, { ...options, file });
  const models = await openModels(referencedModels(recipe), { searchFrom: [cwd, folder] });
  const planned = planMerge(recipe, models, planning);
  return { recipe, models, plan: { ...planned, warnings: [...warnings, ...planned.warnings] } };
}
