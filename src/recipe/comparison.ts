import { methodNameOf } from "./coerce.ts";
import { parseTree, allMethods } from "./parse.ts";
import type { ParseOptions } from "./parse.ts";
import { RecipeProblems } from "./problems.ts";
import { readModelReference } from "./reference.ts";
import { basesOf, slicesOf } from "./references.ts";
import { child, children, isMap, text as textOf } from "./tree.ts";
import type { MapEntry, MapNode, RecipeNode } from "./tree.ts";
import type { Recipe } from "./types.ts";
import { numbersAt, readVariants, USUAL_PARAMETERS } from "./variants.ts";
import type { Derivation, VariantSetting } from "./variants.ts";
import { readYaml, writeYaml } from "./yaml.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelReference } from "../sources/types.ts";
import type { Position, Problem } from "../errors.ts";

/** A name in the recipe, and where it stands. */
export interface PlacedName {
  readonly name: string;
  readonly position: Position;
}

/** A recipe as `stockpot compare` reads it. */
export interface Comparison {
  /** The file's own merge. */
  readonly recipe: Recipe;
  readonly base: ModelReference;
  /** Without the base, in the order of the recipe. */
  readonly models: readonly ModelReference[];
  readonly variants: readonly VariantSetting[];
  readonly baseline?: PlacedName;
  readonly heldOut?: PlacedName;
  readonly keep: readonly PlacedName[];
  readonly results: readonly PlacedName[];
  readonly data?: PlacedName;
  readonly splits: readonly string[];
  /** The same models merged by another method; throws a RecipeError if that cannot be. */
  readonly derive: (how: {
    readonly method: string;
    readonly parameters?: Readonly<Record<string, number>>;
    readonly models?: readonly ModelReference[];
  }) => Recipe;
  readonly warnings: readonly Problem[];
}

const NO_COMPARISON: MapNode = { kind: "map", entries: new Map(), offset: 0, end: 0 };
/** Keys that belong to the file's own run, not to the merges that are derived from it. */
const NOT_DERIVED = ["compare", "evaluate", "name"];
/** Keys that belong to the recipe's own method. */
const OF_METHOD = ["merge_method", "parameters", "overrides"];

/**
 * Reads a file of one recipe with its key `compare`, and every variant as a recipe of its own, checked like any other.
 * Throws one RecipeError with all that is wrong.
 */
export function parseComparison(text: string, options: ParseOptions): Comparison {
  const methods = allMethods(options.methods);
  const problems = new RecipeProblems(text, options.file);
  const [tree, another] = readYaml(text, problems);
  if (tree === undefined)
    return problems.fail("RECIPE_MISSING_KEY", { offset: 0, end: 0 }, "The recipe is empty.", "");
  if (another !== undefined) {
    const hint = "Merge what it needs first, or name other recipes as variants: {recipe: FILE}.";
    problems.fail("RECIPE_DOCUMENTS", another, "compare takes a file of one recipe.", hint);
  }
  const parsing = { ...options, methods, text, documentText: text };
  const { recipe } = parseTree(tree, parsing, problems);
  problems.throwIfErrors();
  const { base, models } = modelsOf(recipe, tree, problems);
  const derive = (how: Derivation) => {
    const before = problems.errorCount;
    const made = deriveTree(tree, how, problems);
    const documentText = writeYaml(made);
    const derived = parseTree(made, { ...parsing, text: documentText, documentText }, problems).recipe;
    return problems.errorCount > before ? undefined : derived;
  };
  const section = child(tree, "compare") ?? NO_COMPARISON;
  const reader = { tree, problems, methods: methods.map(({ name }) => name), models, derive };
  const variants = readVariants(
    child(section, "variants") === undefined ? defaults(tree, models) : section,
    reader,
  );
  problems.throwIfErrors();
  const placed = (node: RecipeNode) => ({
    name: textOf(node) ?? "",
    position: problems.position(node.offset),
  });
  const one = <K extends string>(key: K, node = child(section, keyOf(key))) =>
    (node === undefined ? {} : { [key]: placed(node) }) as { readonly [P in K]?: PlacedName };
  return {
    recipe,
    base,
    models,
    variants,
    ...one("baseline"),
    ...one("heldOut"),
    ...one("data"),
    keep: children(section, "keep").map(placed),
    results: children(section, "results").map(placed),
    splits: children(section, "splits").flatMap((node) => textOf(node) ?? []),
    derive: ({ method, parameters = USUAL_PARAMETERS[method], models: chosen }) => {
      const numbers = parameters && numbersAt(parameters, tree);
      const derived = derive({ method, at: tree, parameters: numbers, models: chosen?.map(referenceText) });
      problems.throwIfErrors();
      return derived ?? recipe;
    },
    warnings: problems.list(),
  };
}

const keyOf = (key: string) => (key === "heldOut" ? "held_out" : key);

function modelsOf(recipe: Recipe, tree: MapNode, problems: RecipeProblems) {
  const [base] = basesOf(recipe);
  const hint = "Name the model that the others were fine-tuned from under base_model:.";
  if (base === undefined)
    return problems.fail(
      "RECIPE_MODEL_COUNT",
      tree,
      "compare needs a base model, to measure angles from.",
      hint,
    );
  const bases = new Set(basesOf(recipe).map(referenceText));
  const models = new Map(
    slicesOf(recipe)
      .flatMap(({ sources }) => sources)
      .map(({ model }) => [referenceText(model), model] as const)
      .filter(([name]) => !bases.has(name)),
  );
  return { base, models: [...models.values()] };
}

/** What is compared if the recipe does not say. */
function defaults(tree: MapNode, models: readonly ModelReference[]): MapNode {
  const own = methodNameOf(tree) ?? "";
  const soups = models.length > 1 ? ["uniform_soup", "model_stock"] : [];
  const usual = ["base", "models", ...soups, "task_arithmetic"];
  const names = [...usual, ...(usual.includes(own) || own === "wise_ft" ? [] : ["recipe"]), "wise_ft"];
  const all = models.length > 1 ? [...names, "greedy_soup", "ensemble"] : names;
  const { offset } = tree;
  const items = all.map((value): RecipeNode => ({ kind: "scalar", value, offset, end: offset }));
  const list: RecipeNode = { kind: "list", items, offset, end: offset };
  return {
    ...NO_COMPARISON,
    entries: new Map([["variants", { key: { offset, end: offset }, value: list }]]),
  };
}

/** The tree of a recipe that merges the same models in another way; nodes keep their places in the text. */
function deriveTree(
  tree: MapNode,
  { method, at, parameters, models }: Derivation,
  problems: RecipeProblems,
): MapNode {
  const isOwn = method === methodNameOf(tree);
  const dropped = isOwn ? NOT_DERIVED : [...NOT_DERIVED, ...OF_METHOD];
  const entries = new Map([...tree.entries].filter(([key]) => !dropped.includes(key)));
  const put = (key: string, value: RecipeNode) => entries.set(key, { key: at, value });
  if (!isOwn) {
    for (const key of ["models", "slices", "modules"]) {
      const entry = entries.get(key);
      if (entry !== undefined) entries.set(key, { ...entry, value: withoutParameters(entry.value, at) });
    }
  }
  put("merge_method", { kind: "scalar", value: method, offset: at.offset, end: at.end });
  const own = isOwn ? child(tree, "parameters") : undefined;
  if (parameters !== undefined)
    put("parameters", isMap(own) && isMap(parameters) ? joined(own, parameters) : parameters);
  const list = entries.get("models");
  if (models !== undefined && list?.value.kind === "list") {
    const items = list.value.items.filter((item) => {
      const node = child(item, "model");
      const reference = node === undefined ? undefined : readModelReference(node, problems);
      return reference !== undefined && models.includes(referenceText(reference));
    });
    entries.set("models", { ...list, value: { ...list.value, items } });
  } else if (models !== undefined) {
    const hint = "Write it as a recipe of its own, and name that: {recipe: FILE}.";
    problems.error(
      "RECIPE_UNSUPPORTED",
      at,
      "Some of the models can be chosen only where a recipe has models.",
      hint,
    );
  }
  return { ...tree, entries };
}

const joined = (own: MapNode, more: MapNode): MapNode => ({
  ...more,
  entries: new Map([...own.entries, ...more.entries]),
});

/**
 * Settings of models, slices and modules go with the method that they were written for. What is wrong with the rest is
 * wrong with the variant, and is shown there.
 */
function withoutParameters(node: RecipeNode, { offset, end }: RecipeNode): RecipeNode {
  const at = { offset, end };
  if (node.kind === "scalar") return { ...node, ...at };
  const moved = (inner: RecipeNode) => withoutParameters(inner, { ...inner, ...at });
  if (node.kind === "list") return { ...node, ...at, items: node.items.map(moved) };
  const kept = [...node.entries].filter(([key]) => key !== "parameters");
  const entries = kept.map(([key, { value }]): [string, MapEntry] => [key, { key: at, value: moved(value) }]);
  return { ...node, ...at, entries: new Map(entries) };
}
