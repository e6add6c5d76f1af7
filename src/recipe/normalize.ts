import { dtypeFromRecipe } from "../tensor/dtype.ts";
import { referenceText } from "../sources/types.ts";
import { findMethod, methodNameOf, overrideMethodName } from "./coerce.ts";
import { readModelReference } from "./reference.ts";
import { readSettings } from "./read-settings.ts";
import { readEvaluate } from "./read-evaluate.ts";
import { readTokenizer } from "./read-tokenizer.ts";
import { spanOf } from "./problems.ts";
import { child, children, locate, text } from "./tree.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ModelReference } from "../sources/types.ts";
import type { RecipeProblems } from "./problems.ts";
import type { RecipeNode } from "./tree.ts";
import type { Override, Recipe, RecipeModule, RecipeSlice, RecipeSource, Settings } from "./types.ts";

type Range = readonly [number, number];

/**
 * Turns a tree that has been held against the schema into a recipe. What the schema has refused is left out: it is
 * reported already.
 */
export class Normalizer {
  readonly #tree: RecipeNode;
  readonly #methods: readonly AnyMethod[];
  readonly #problems: RecipeProblems;
  readonly #method: AnyMethod | undefined;

  constructor(tree: RecipeNode, methods: readonly AnyMethod[], problems: RecipeProblems) {
    this.#tree = tree;
    this.#methods = methods;
    this.#problems = problems;
    this.#method = findMethod(methods, methodNameOf(tree));
  }

  recipe(file: string, source: string, documentText: string): Recipe {
    const baseModel = this.#reference(this.#tree, "base_model");
    const dtype = dtypeFromRecipe(text(child(this.#tree, "dtype")) ?? "");
    const seed = this.#seed();
    const outDtype = dtypeFromRecipe(text(child(this.#tree, "out_dtype")) ?? "");
    const name = text(child(this.#tree, "name"));
    const method = child(this.#tree, "merge_method");
    return {
      file,
      text: source,
      documentText,
      ...(name !== undefined && { name }),
      ...(method !== undefined && { methodPosition: this.#position(method) }),
      mergeMethod: methodNameOf(this.#tree) ?? "",
      ...(baseModel && { baseModel }),
      modules: this.#modules(baseModel),
      parameters: this.#settings(this.#tree, "all"),
      ...(dtype && { dtype }),
      ...(outDtype && { outDtype }),
      ...(seed !== undefined && { seed }),
      overrides: children(this.#tree, "overrides").map((override) => this.#override(override)),
      ...readTokenizer(this.#tree, this.#problems),
      ...readEvaluate(this.#tree, this.#problems),
    };
  }

  #seed(): number | undefined {
    const node = child(this.#tree, "seed");
    if (node?.kind !== "scalar" || typeof node.value !== "number") return undefined;
    if (Number.isSafeInteger(node.value)) return node.value;
    this.#problems.error("RECIPE_OUT_OF_RANGE", node, '"seed" is too large.', "Use at most 15 digits.");
    return undefined;
  }

  #modules(baseModel: ModelReference | undefined): RecipeModule[] {
    const modules = child(this.#tree, "modules");
    if (modules?.kind !== "map") return [this.#module(this.#tree, baseModel, new Map())];
    return [...modules.entries].map(([name, { key, value }]) => {
      const position = this.#problems.position(key.offset);
      return { ...this.#module(value, baseModel, this.#settings(value, "all")), name, position };
    });
  }

  #module(node: RecipeNode, baseModel: ModelReference | undefined, parameters: Settings): RecipeModule {
    const sliced = child(node, "slices") !== undefined;
    const slices = sliced
      ? children(node, "slices").map((slice) => this.#slice(slice))
      : [this.#wholeModels(node, baseModel)];
    return { slices, sliced, parameters, position: this.#position(node) };
  }

  #position(node: RecipeNode) {
    return this.#problems.position(node.offset);
  }

  #settings(node: RecipeNode, scope: "all" | "model", method = this.#method) {
    return readSettings(child(node, "parameters"), method, scope, this.#problems);
  }

  #reference(node: RecipeNode, key: string): ModelReference | undefined {
    const value = child(node, key);
    return value === undefined ? undefined : readModelReference(value, this.#problems);
  }

  #noEffect(node: RecipeNode, key: string, where: string): void {
    const value = child(node, key);
    if (value === undefined) return;
    const message = `"${key}" has no effect ${where}, here as in mergekit.`;
    this.#problems.warn(
      "RECIPE_MISPLACED_PARAMETER",
      spanOf(locate(node, [key])),
      message,
      `Remove "${key}".`,
    );
  }

  /** `models`: one slice over all layers, with a base that is not listed as its last source. */
  #wholeModels(node: RecipeNode, baseModel: ModelReference | undefined): RecipeSlice {
    const list = child(node, "models") ?? node;
    const sources = children(node, "models").flatMap((entry) => {
      this.#noEffect(entry, "layer_range", "under models");
      return this.#source(entry);
    });
    const base = child(this.#tree, "base_model");
    const baseText = baseModel && referenceText(baseModel);
    const listed = sources.some(({ model }) => referenceText(model) === baseText);
    if (baseModel !== undefined && base !== undefined && !listed) {
      sources.push({ model: baseModel, parameters: new Map(), position: this.#position(base) });
    }
    return { sources, parameters: new Map(), position: this.#position(list) };
  }

  #slice(node: RecipeNode): RecipeSlice {
    this.#noEffect(node, "residual_weight", "in a slice");
    const baseModel = this.#reference(node, "base_model");
    const sources = children(node, "sources").flatMap((entry) => {
      const layerRange = this.#range(entry, "layer_range");
      return this.#source(entry).map((source) => ({ ...source, ...(layerRange && { layerRange }) }));
    });
    return {
      sources,
      ...(baseModel && { baseModel }),
      parameters: this.#settings(node, "all"),
      position: this.#position(node),
    };
  }

  #source(entry: RecipeNode): RecipeSource[] {
    const model = this.#reference(entry, "model");
    if (model === undefined) return [];
    const position = this.#position(child(entry, "model") ?? entry);
    return [{ model, parameters: this.#settings(entry, "model"), position }];
  }

  #range(node: RecipeNode, key: string): Range | undefined {
    const [start, end] = children(node, key).map((item) => (item.kind === "scalar" ? item.value : undefined));
    if (typeof start !== "number" || typeof end !== "number") return undefined;
    if (start < end) return [start, end];
    const message = `"${key}" [${start}, ${end}] holds no layer: the end is not included and must be larger.`;
    const hint = "[0, 4] means layers 0 to 3.";
    this.#problems.error("RECIPE_OUT_OF_RANGE", spanOf(locate(node, [key])), message, hint);
    return undefined;
  }

  #override(node: RecipeNode): Override {
    const name = overrideMethodName(node, this.#tree);
    const own = text(child(node, "merge_method"));
    const model = this.#reference(node, "model");
    const layers = this.#range(node, "layers");
    const pattern = text(child(node, "tensors"));
    const tensors =
      pattern === undefined ? children(node, "tensors").flatMap((item) => text(item) ?? []) : [pattern];
    return {
      ...(tensors.length > 0 && { tensors }),
      ...(layers && { layers }),
      ...(own !== undefined && { mergeMethod: own }),
      ...(model && { model }),
      parameters: this.#settings(node, "all", findMethod(this.#methods, name)),
      position: this.#position(node),
    };
  }
}
