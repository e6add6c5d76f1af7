import { DEFAULT_METHOD } from "../methods/index.ts";
import { child, text } from "./tree.ts";
import { coerceValue } from "./values.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpec, ParameterSpecs } from "../methods/params.ts";
import type { MapEntry, MapNode, RecipeNode, ScalarNode } from "./tree.ts";

/** How whole numbers and flags outside of parameters are read. */
const INTEGER_SPEC: ParameterSpec = { type: "integer", scope: "global", doc: "" };
const FLAG_SPEC: ParameterSpec = { type: "boolean", scope: "global", doc: "" };

/** The name in `merge_method`; undefined if it is no text. */
export function methodNameOf(recipe: RecipeNode): string | undefined {
  const node = child(recipe, "merge_method");
  return node === undefined ? DEFAULT_METHOD : text(node);
}

/** The method that an override runs: its own, or the recipe's. */
export function overrideMethodName(override: RecipeNode, recipe: RecipeNode): string | undefined {
  const node = child(override, "merge_method");
  return node === undefined ? methodNameOf(recipe) : text(node);
}

export function findMethod(methods: readonly AnyMethod[], name: string | undefined): AnyMethod | undefined {
  return methods.find((method) => method.name === name);
}

export function specOf(method: AnyMethod | undefined, parameter: string): ParameterSpec | undefined {
  const specs = method?.parameters as ParameterSpecs | undefined;
  return specs !== undefined && Object.hasOwn(specs, parameter) ? specs[parameter] : undefined;
}

const isNull = (node: RecipeNode) => node.kind === "scalar" && node.value === null;

/** A mapping with some values replaced; a value of undefined is dropped. */
function mapValues(
  map: MapNode,
  replace: (name: string, value: RecipeNode) => RecipeNode | undefined,
): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const [name, { key, value }] of map.entries) {
    const replaced = replace(name, value);
    if (replaced !== undefined) entries.set(name, { key, value: replaced });
  }
  return { ...map, entries };
}

function coerceScalar(node: ScalarNode, spec: ParameterSpec): ScalarNode {
  return node.value === null ? node : { ...node, value: coerceValue(spec, node.value) };
}

/** A value, a gradient, a list of conditions or a single one. */
function coerceSetting(node: RecipeNode, spec: ParameterSpec): RecipeNode {
  if (node.kind === "scalar") return coerceScalar(node, spec);
  if (node.kind === "list") return { ...node, items: node.items.map((item) => coerceSetting(item, spec)) };
  return mapValues(node, (name, value) => {
    if (name === "value") return coerceSetting(value, spec);
    return name === "filter" && isNull(value) ? undefined : value;
  });
}

function coerceParameters(node: RecipeNode, method: AnyMethod | undefined): RecipeNode {
  if (node.kind !== "map") return node;
  return mapValues(node, (name, value) => {
    const spec = specOf(method, name);
    return spec === undefined ? value : coerceSetting(value, spec);
  });
}

/** Numbers and flags; the keys below `tokens` are tokens, whatever they look like. */
function coerceTokenizer(node: RecipeNode): RecipeNode {
  if (node.kind !== "map") return node;
  return mapValues(node, (name, value) => {
    if (isNull(value)) return undefined;
    if (name === "pad_to_multiple_of") return coerceSetting(value, INTEGER_SPEC);
    if (name !== "tokens" || value.kind !== "map") return value;
    return mapValues(value, (_, token) => (token.kind === "map" ? mapValues(token, coerceToken) : token));
  });
}

function coerceToken(name: string, value: RecipeNode): RecipeNode | undefined {
  if (isNull(value)) return undefined;
  if (name === "force") return coerceSetting(value, FLAG_SPEC);
  if (name !== "source" || value.kind !== "map") return value;
  return mapValues(value, (key, part) => {
    if (isNull(part)) return undefined;
    return key === "token_id" ? coerceSetting(part, INTEGER_SPEC) : part;
  });
}

function coerce(node: RecipeNode, method: AnyMethod | undefined): RecipeNode {
  if (node.kind === "scalar") return node;
  if (node.kind === "list") return { ...node, items: node.items.map((item) => coerce(item, method)) };
  return mapValues(node, (name, value) => {
    if (isNull(value)) return undefined;
    if (name === "parameters") return coerceParameters(value, method);
    if (name === "layer_range" || name === "layers") return coerceSetting(value, INTEGER_SPEC);
    return coerce(value, method);
  });
}

/**
 * Brings parameters and layer numbers to their own types and drops keys whose value is empty, as mergekit does; what
 * has no reading is left for the schema to refuse.
 */
export function coerceRecipe(root: MapNode, methods: readonly AnyMethod[]): MapNode {
  const recipeMethod = findMethod(methods, methodNameOf(root));
  return mapValues(root, (name, value) => {
    if (name === "overrides" && value.kind === "list") {
      const methodOf = (item: RecipeNode) => findMethod(methods, overrideMethodName(item, root));
      return { ...value, items: value.items.map((item) => coerce(item, methodOf(item))) };
    }
    if (isNull(value)) return undefined;
    if (name === "parameters") return coerceParameters(value, recipeMethod);
    if (name === "seed") return coerceSetting(value, INTEGER_SPEC);
    if (name === "tokenizer") return coerceTokenizer(value);
    // The names of modules are the user's: "layers" is one.
    if (name === "modules" && value.kind === "map")
      return mapValues(value, (_, module) => coerce(module, recipeMethod));
    return coerce(value, recipeMethod);
  });
}
