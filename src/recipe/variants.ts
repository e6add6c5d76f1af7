import { didYouMean } from "../nearest.ts";
import type { Position } from "../errors.ts";
import type { ModelReference } from "../sources/types.ts";
import { referenceText } from "../sources/types.ts";
import { DEFAULT_CURVE_STEP, SPECIAL_VARIANTS } from "./compare-schema.ts";
import { methodNameOf } from "./coerce.ts";
import type { RecipeProblems } from "./problems.ts";
import { child, children, isMap, text } from "./tree.ts";
import type { MapNode, RecipeNode } from "./tree.ts";
import type { Recipe } from "./types.ts";

/** One entry of `compare.variants`, or one that stands there by default. */
export type VariantSetting = { readonly position: Position } & (
  | { readonly kind: "base" | "models" | "greedy_soup" | "ensemble" }
  | { readonly kind: "merge"; readonly name: string; readonly recipe: Recipe }
  | { readonly kind: "curve"; readonly name: string; readonly step: number; readonly model?: ModelReference }
  | { readonly kind: "file"; readonly name: string; readonly path: string }
);

/** A recipe made from the file's own: another method, other parameters, some of the models. */
export interface Derivation {
  readonly method: string;
  /** The node that asks for it, for messages. */
  readonly at: RecipeNode;
  readonly parameters?: RecipeNode | undefined;
  /** `referenceText` of the models to keep; absent: all. */
  readonly models?: readonly string[] | undefined;
}

interface Reader {
  readonly tree: MapNode;
  readonly problems: RecipeProblems;
  readonly methods: readonly string[];
  readonly models: readonly ModelReference[];
  /** Reports what is wrong with the recipe that results, and gives undefined then. */
  readonly derive: (how: Derivation) => Recipe | undefined;
}

/** Parameters of methods that have no default for them, where a variant is only named. */
export const USUAL_PARAMETERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // 0.3 is what Ilharco et al. (arXiv 2212.04089) found for sums of several task vectors.
  task_arithmetic: { weight: 1, lambda: 0.3 },
  linear: { weight: 1 },
};

const plain = (value: number, { offset, end }: RecipeNode): RecipeNode => ({
  kind: "scalar",
  value,
  offset,
  end,
});

/** A mapping of numbers at the place of another node. */
export function numbersAt(numbers: Readonly<Record<string, number>>, at: RecipeNode): MapNode {
  const { offset, end } = at;
  const entries = Object.entries(numbers).map(
    ([key, value]) => [key, { key: { offset, end }, value: plain(value, at) }] as const,
  );
  return { kind: "map", entries: new Map(entries), offset, end };
}

/** The entries of `compare.variants`, in order; what cannot be read is reported and left out. */
export function readVariants(section: RecipeNode, reader: Reader): VariantSetting[] {
  const settings = children(section, "variants").flatMap((node) => readVariant(node, reader) ?? []);
  const seen = new Set<string>();
  for (const setting of settings) {
    if (!("name" in setting)) continue;
    if (seen.has(setting.name)) {
      const message = `Two variants are called "${setting.name}".`;
      reader.problems.error("RECIPE_CONFLICT", setting.position, message, "Give one a name: of its own.");
    }
    seen.add(setting.name);
  }
  return settings;
}

function readVariant(node: RecipeNode, reader: Reader): VariantSetting | undefined {
  const word = text(node);
  if (word !== undefined) return readWord(word, node, reader);
  return isMap(node) ? readMapping(node, reader) : undefined;
}

function readWord(word: string, node: RecipeNode, reader: Reader): VariantSetting | undefined {
  const position = reader.problems.position(node.offset);
  if (word === "base" || word === "models" || word === "greedy_soup" || word === "ensemble")
    return { kind: word, position };
  const own = methodNameOf(reader.tree) ?? "";
  if (word === "recipe") return merge("recipe", { method: own, at: node }, reader);
  if (word === "wise_ft") return { kind: "curve", name: word, step: DEFAULT_CURVE_STEP, position };
  if (reader.methods.includes(word)) return merge(word, { method: word, at: node }, reader);
  const known = [...SPECIAL_VARIANTS, ...reader.methods];
  const message = `"${word}" is no variant: neither a merge method nor one of ${SPECIAL_VARIANTS.join(", ")}.`;
  const hint = "For a recipe file write {recipe: FILE}; stockpot methods lists the merge methods.";
  reader.problems.error("RECIPE_UNKNOWN_METHOD", node, message + didYouMean(word, known), hint);
  return undefined;
}

function merge(name: string, how: Derivation, reader: Reader): VariantSetting | undefined {
  const isOwn = how.method === methodNameOf(reader.tree);
  const usual = isOwn ? undefined : USUAL_PARAMETERS[how.method];
  const parameters = how.parameters ?? (usual && numbersAt(usual, how.at));
  const recipe = reader.derive({ ...how, parameters });
  if (recipe === undefined) return undefined;
  return { kind: "merge", name, recipe, position: reader.problems.position(how.at.offset) };
}

function readMapping(node: MapNode, reader: Reader): VariantSetting | undefined {
  const position = reader.problems.position(node.offset);
  const path = text(child(node, "recipe"));
  const given = text(child(node, "name"));
  if (path !== undefined) {
    for (const key of ["merge_method", "models", "parameters", "step"]) {
      const entry = node.entries.get(key);
      const message = `"${key}" has no effect beside recipe: the file says it all.`;
      if (entry !== undefined)
        reader.problems.error("RECIPE_MISPLACED_PARAMETER", entry.key, message, `Remove "${key}".`);
    }
    return { kind: "file", name: given ?? stem(path), path, position };
  }
  const methodNode = child(node, "merge_method");
  const method = text(methodNode) ?? methodNameOf(reader.tree) ?? "";
  const name = given ?? method;
  const models = readModels(node, reader);
  if (models?.length === 0) return undefined;
  const parameters = child(node, "parameters");
  if (method !== "wise_ft" || child(parameters, "alpha") !== undefined) {
    const chosen = models?.map(referenceText);
    return merge(name, { method, at: methodNode ?? node, parameters, models: chosen }, reader);
  }
  const step = child(node, "step");
  const size = step?.kind === "scalar" && typeof step.value === "number" ? step.value : DEFAULT_CURVE_STEP;
  const [model, another] = models ?? [];
  if (another !== undefined) {
    const message = "A WiSE-FT curve goes from the base to one model.";
    reader.problems.error("RECIPE_MODEL_COUNT", child(node, "models") ?? node, message, "Name one model.");
  }
  return { kind: "curve", name, step: size, ...(model && { model }), position };
}

const lastPart = (path: string) => path.split(/[\\/]/).findLast((part) => part !== "") ?? path;
const stem = (path: string) => lastPart(path).replace(/\.ya?ml$/, "");

function readModels(node: MapNode, { models, problems }: Reader): ModelReference[] | undefined {
  if (child(node, "models") === undefined) return undefined;
  const names = models.flatMap((model) => [referenceText(model), lastPart(model.path)]);
  return children(node, "models").flatMap((item) => {
    const name = text(item) ?? "";
    const found = models.find((model) => referenceText(model) === name || lastPart(model.path) === name);
    if (found !== undefined) return [found];
    const message = `"${name}" is none of the recipe's models.${didYouMean(name, names)}`;
    problems.error(
      "RECIPE_MODEL_REFERENCE",
      item,
      message,
      `It has ${models.map(referenceText).join(", ")}.`,
    );
    return [];
  });
}
