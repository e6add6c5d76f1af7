import { resolve } from "node:path";
import { planningOptions } from "../engine/options.ts";
import { isMergeError, PlanError, problemOf, RecipeError, throwIfErrors } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import { fetchModels } from "../hub/pull.ts";
import { modelHub } from "../hub/models.ts";
import { bringTexts } from "../merge/hub-texts.ts";
import { checkPlaces, ownMethods } from "../merge/own-methods.ts";
import { planStep } from "../merge/plan-step.ts";
import type { Step } from "../merge/plan-step.ts";
import { prepare } from "../merge/prepare.ts";
import type { Prepared } from "../merge/prepare.ts";
import { readModelTexts } from "../merge/tokenizers.ts";
import type { ModelTexts } from "../merge/tokenizers.ts";
import type { AnyMethod } from "../methods/define.ts";
import { METHODS, methodByName } from "../methods/index.ts";
import { parseComparison } from "../recipe/comparison.ts";
import type { Comparison } from "../recipe/comparison.ts";
import { MAX_RECIPE_BYTES } from "../recipe/limits.ts";
import { methodModulesIn } from "../recipe/method-modules.ts";
import { referencedModels } from "../recipe/references.ts";
import type { Recipe } from "../recipe/types.ts";
import type { VariantSetting } from "../recipe/variants.ts";
import { openModels } from "../sources/open.ts";
import { readRecipe } from "../sources/recipe-file.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { listed, shortNames } from "./names.ts";
import type { CompareOptions } from "./options.ts";

/** A variant that is known before anything is scored. */
export interface PreparedVariant {
  readonly name: string;
  readonly kind: "base" | "model" | "merge";
  readonly method?: string;
  readonly description: string;
  /** Short names of the models in it, the base aside. */
  readonly members: readonly string[];
  readonly source:
    | { readonly kind: "headers"; readonly headers: ModelHeaders }
    | { readonly kind: "step"; readonly step: Step }
    | { readonly kind: "file"; readonly prepared: Prepared };
}

export interface PreparedComparison {
  readonly comparison: Comparison;
  /** Name of the recipe's file as given, its text, and the folders that relative paths start from. */
  readonly file: string;
  readonly text: string;
  readonly searchFrom: readonly string[];
  readonly methods: readonly AnyMethod[];
  /** By `referenceText`. */
  readonly headers: ReadonlyMap<string, ModelHeaders>;
  readonly names: ReadonlyMap<string, string>;
  /** Merges all models over the base: what is measured. */
  readonly measured: Step;
  readonly variants: readonly PreparedVariant[];
  /** Those that depend on scores. */
  readonly later: readonly Exclude<VariantSetting, { kind: "base" | "models" | "merge" | "file" }>[];
  readonly plan: (recipe: Recipe) => Step;
  readonly describe: (recipe: Recipe) => Pick<PreparedVariant, "method" | "description" | "members">;
}

/** Reads a recipe with all its variants and plans every merge that is known before scores are; reads no weight. */
export async function prepareComparison(options: CompareOptions): Promise<PreparedComparison> {
  const cwd = resolve(options.cwd ?? ".");
  const { text, file, folder } = await readRecipe(options.recipe, cwd, MAX_RECIPE_BYTES);
  const own = await ownMethods(methodModulesIn(text, { ...options, file }), folder, options.methods);
  const comparison = parseComparison(text, { ...options, ...own, file });
  const searchFrom = [cwd, folder];
  const { base, models, variants } = comparison;
  const recipes = [
    comparison.recipe,
    ...variants.flatMap((each) => (each.kind === "merge" ? [each.recipe] : [])),
  ];
  const { headers, texts } = await openAll(recipes, searchFrom, options);
  const planning = { ...planningOptions(options), ...own, methods: [...METHODS, ...own.methods] };
  const errors: MergeError[] = [];
  const planOne = (recipe: Recipe): Step | undefined => {
    const used = referencedModels(recipe).flatMap((each) => headers.get(referenceText(each)) ?? []);
    const step = planStep(
      recipe,
      new Map(used.map((each) => [each.reference, each])),
      texts,
      planning,
      (error) => errors.push(error),
    );
    if (step !== undefined) checkPlaces(step.plan, own.methods);
    return step;
  };
  const names = shortNames([base, ...models]);
  const describe = (recipe: Recipe) => describeMerge(recipe, base, names, own.methods);
  const plan = (recipe: Recipe): Step => {
    const step = planOne(recipe);
    throwAll(errors);
    return step ?? unplanned();
  };
  const method = models.length > 1 ? "model_stock" : "task_arithmetic";
  const measured = plan(comparison.derive({ method }));
  const known: PreparedVariant[] = [];
  for (const each of variants) {
    if (each.kind === "base") known.push(asItIs(base, "base"));
    else if (each.kind === "models") known.push(...models.map((model) => asItIs(model, "model")));
    else if (each.kind === "file") known.push(await fileVariant(each, options, searchFrom));
    else if (each.kind === "merge") {
      const step = planOne(each.recipe);
      if (step === undefined) continue;
      known.push({
        name: each.name,
        kind: "merge",
        ...describe(each.recipe),
        source: { kind: "step", step },
      });
    }
  }
  throwAll(errors);
  const later = variants.flatMap((each) =>
    each.kind === "curve" || each.kind === "greedy_soup" || each.kind === "ensemble" ? [each] : [],
  );
  return {
    comparison,
    file,
    text,
    searchFrom,
    methods: own.methods,
    headers,
    names,
    measured,
    variants: checked(known, comparison),
    later,
    plan,
    describe,
  };

  function asItIs(reference: typeof base, kind: "base" | "model"): PreparedVariant {
    const whole = referenceText(reference);
    const name = names.get(whole) ?? whole;
    const found = headers.get(whole) ?? unplanned();
    const members = kind === "base" ? [] : [name];
    const description = kind === "base" ? "the base" : "as it is";
    return { name, kind, description, members, source: { kind: "headers", headers: found } };
  }
}

function unplanned(): never {
  throw new PlanError("INTERNAL", "A variant could not be planned");
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
  const missing = [...headers.values()].flatMap(({ hub: origin }) =>
    origin?.missing.length ? [origin] : [],
  );
  const fetching = hub !== undefined && missing.length > 0;
  if (fetching) await fetchModels(hub, missing, { signal, onProgress: onDownload });
  const here = fetching ? await open() : headers;
  return { headers: here, texts: await readModelTexts(here.values(), names) };
}

async function fileVariant(
  { name, path, position }: Extract<VariantSetting, { kind: "file" }>,
  options: CompareOptions,
  [cwd = ".", folder = "."]: readonly string[],
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

/** "Model Stock of ft1, ft2 and ft3" */
function describeMerge(
  recipe: Recipe,
  base: Comparison["base"],
  names: ReadonlyMap<string, string>,
  methods: readonly AnyMethod[],
): Pick<PreparedVariant, "method" | "description" | "members"> {
  const own = referencedModels(recipe).map(referenceText);
  const members = own.flatMap((each) => (each === referenceText(base) ? [] : [names.get(each) ?? each]));
  const { title = recipe.mergeMethod } = methodByName(recipe.mergeMethod, methods) ?? {};
  const settings = [...recipe.parameters].map(([key, { value }]) => {
    return `${key} ${typeof value === "object" ? "by rule" : String(value)}`;
  });
  const shown = settings.length === 0 ? "" : ` (${settings.join(", ")})`;
  return { method: recipe.mergeMethod, members, description: `${title} of ${listed(members)}${shown}` };
}

/** Two models or variants of one name could not be told apart in a table. */
function checked(
  variants: readonly PreparedVariant[],
  { variants: settings }: Comparison,
): readonly PreparedVariant[] {
  const seen = new Set<string>();
  for (const { name } of variants) {
    if (seen.has(name)) {
      const [first] = settings;
      throw new RecipeError("RECIPE_CONFLICT", `Two variants are called "${name}"`, {
        where: first?.position.file ?? name,
        hint: "Give one a name: of its own; base and models have the last part of their path.",
      });
    }
    seen.add(name);
  }
  return variants;
}

function throwAll(errors: readonly MergeError[]): void {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) throw first;
  throwIfErrors(
    errors.flatMap((error) => (error.problems.length > 0 ? error.problems : [problemOf(error)])),
    PlanError,
  );
}
