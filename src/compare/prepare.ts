import { resolve } from "node:path";
import { planningOptions } from "../engine/options.ts";
import { isMergeError, RecipeError } from "../errors.ts";
import { fetchModels } from "../hub/pull.ts";
import { modelHub } from "../hub/models.ts";
import { bringTexts } from "../merge/hub-texts.ts";
import { ownMethods } from "../merge/own-methods.ts";
import type { Step } from "../merge/plan-step.ts";
import { prepare } from "../merge/prepare.ts";
import { readModelTexts } from "../merge/tokenizers.ts";
import type { ModelTexts } from "../merge/tokenizers.ts";
import type { AnyMethod } from "../methods/define.ts";
import { METHODS } from "../methods/index.ts";
import { parseComparison } from "../recipe/comparison.ts";
import type { Comparison } from "../recipe/comparison.ts";
import { MAX_RECIPE_BYTES } from "../recipe/limits.ts";
import { methodModulesIn } from "../recipe/method-modules.ts";
import { referencedModels } from "../recipe/references.ts";
import type { Recipe } from "../recipe/types.ts";
import type { VariantSetting } from "../recipe/variants.ts";
import { openModels } from "../sources/open.ts";
import { readRecipe } from "../sources/recipe-file.ts";
import { hubOrigins, referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { shortNames } from "./names.ts";
import type { CompareOptions } from "./options.ts";
import { Planner } from "./planner.ts";
import type { PreparedVariant } from "./planner.ts";

export interface PreparedComparison {
  readonly comparison: Comparison;
  /** Name of the recipe's file as given, its text, and the folders that relative paths start from. */
  readonly file: string;
  readonly text: string;
  readonly searchFrom: readonly [string, string];
  readonly methods: readonly AnyMethod[];
  /** By `referenceText`. */
  readonly headers: ReadonlyMap<string, ModelHeaders>;
  readonly names: ReadonlyMap<string, string>;
  /** Merges all models over the base: what is measured. */
  readonly measured: Step;
  readonly variants: readonly PreparedVariant[];
  /** Those that depend on scores. */
  readonly later: readonly Exclude<VariantSetting, { kind: "base" | "models" | "merge" | "file" }>[];
  readonly planner: Planner;
}

/** Reads a recipe with all its variants and plans every merge that is known before scores are; reads no weight. */
export async function prepareComparison(options: CompareOptions): Promise<PreparedComparison> {
  const cwd = resolve(options.cwd ?? ".");
  const { text, file, folder } = await readRecipe(options.recipe, cwd, MAX_RECIPE_BYTES);
  const own = await ownMethods(methodModulesIn(text, { ...options, file }), folder, options.methods);
  const comparison = parseComparison(text, { ...options, ...own, file });
  const searchFrom = [cwd, folder] as const;
  const { base, models, variants, recipe } = comparison;
  const others = variants.flatMap((each) => (each.kind === "merge" ? [each.recipe] : []));
  const { headers, texts } = await openAll([recipe, ...others], searchFrom, options);
  const planning = { ...planningOptions(options), ...own, methods: [...METHODS, ...own.methods] };
  const names = shortNames([base, ...models]);
  const planner = new Planner({ comparison, headers, texts, names, planning, methods: own.methods });
  const method = models.length > 1 ? "model_stock" : "task_arithmetic";
  const measured = planner.plan(comparison.derive({ method }));
  const known = await knownVariants(comparison, planner, options, searchFrom);
  planner.throwIfErrors();
  const later = variants.flatMap((each) =>
    each.kind === "curve" || each.kind === "greedy_soup" || each.kind === "ensemble" ? [each] : [],
  );
  const methods = own.methods;
  return {
    comparison,
    file,
    text,
    searchFrom,
    methods,
    headers,
    names,
    measured,
    variants: known,
    later,
    planner,
  };
}

/** The variants that do not wait for scores. */
async function knownVariants(
  { base, models, variants }: Comparison,
  planner: Planner,
  options: CompareOptions,
  searchFrom: readonly [string, string],
): Promise<readonly PreparedVariant[]> {
  const known: PreparedVariant[] = [];
  for (const each of variants) {
    if (each.kind === "base") known.push(planner.input(base, "base"));
    else if (each.kind === "models") known.push(...models.map((model) => planner.input(model, "model")));
    else if (each.kind === "file") known.push(await fileVariant(each, options, searchFrom));
    else if (each.kind === "merge") known.push(...[planner.merge(each.name, each.recipe) ?? []].flat());
  }
  refuseTwins(known, variants[0]?.position.file ?? "");
  return known;
}

async function openAll(
  recipes: readonly Recipe[],
  searchFrom: readonly string[],
  { hub, signal, onDownload }: CompareOptions,
): Promise<
  Record<"headers", ReadonlyMap<string, ModelHeaders>> & Record<"texts", ReadonlyMap<string, ModelTexts>>
> {
  const references = new Map(recipes.flatMap(referencedModels).map((each) => [referenceText(each), each]));
  const open = () => {
    const models = hub === undefined ? undefined : modelHub(hub, signal);
    return openModels([...references.values()], { searchFrom: [...searchFrom], hub: models });
  };
  const headers = await open();
  const names = await bringTexts(recipes, [...headers.values()], { recipe: "", hub, signal });
  const origins = [...headers.values()].flatMap(hubOrigins);
  const missing = origins.filter((origin) => origin.missing.length > 0);
  const fetching = hub !== undefined && missing.length > 0;
  if (fetching) await fetchModels(hub, missing, { signal, onProgress: onDownload });
  const here = fetching ? await open() : headers;
  return { headers: here, texts: await readModelTexts(here.values(), names) };
}

async function fileVariant(
  { name, path, position }: Extract<VariantSetting, { kind: "file" }>,
  options: CompareOptions,
  [cwd, folder]: readonly [string, string],
): Promise<PreparedVariant> {
  for (const start of [cwd, folder]) {
    try {
      const prepared = await prepare({ ...options, recipe: resolve(start, path), explain: undefined });
      const { mergeMethod } = prepared.output.recipe;
      const description = `the recipe ${path}`;
      return {
        name,
        kind: "merge",
        method: mergeMethod,
        description,
        members: [],
        source: { kind: "file", prepared },
      };
    } catch (error) {
      if (!isMergeError(error, "RECIPE_NOT_FOUND") || start === folder) throw error;
    }
  }
  throw new RecipeError("RECIPE_NOT_FOUND", `The variant's recipe ${path} does not exist`, {
    where: `${position.file}:${position.line}`,
  });
}

/** Two models or variants of one name could not be told apart in a table. */
function refuseTwins(variants: readonly PreparedVariant[], where: string): void {
  const twin = variants.find(({ name }, i) => variants.findIndex((each) => each.name === name) < i);
  if (twin === undefined) return;
  throw new RecipeError("RECIPE_CONFLICT", `Two variants are called "${twin.name}"`, {
    where,
    hint: "Give one a name: of its own; base and models have the last part of their path.",
  });
}
