import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { METHODS } from "../../src/methods/index.ts";
import { recipeSchema } from "../../src/recipe/schema.ts";
import { methodRecipe } from "../fixtures/method-recipes.ts";
import { MORE_METHODS } from "./more-methods.ts";
import type { ValidateFunction } from "ajv";
import type { AnyMethod } from "../../src/methods/define.ts";
import type { JsonObject, JsonValue } from "../../src/sources/types.ts";

const ALL = [...METHODS, ...MORE_METHODS];
const schema = recipeSchema(ALL);
const compile = (source: JsonObject) =>
  new Ajv({ allErrors: true, strict: false, inlineRefs: false, code: { optimize: false } }).compile(source);
const accepts = compile(schema);

/** All schemas within a schema, with their paths. */
function* within(node: JsonValue, path = "#"): Generator<[string, JsonObject]> {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) yield [path, node];
  for (const [key, child] of Object.entries(node)) yield* within(child, `${path}/${key}`);
}

const FORMS: readonly ((value: JsonValue) => JsonValue)[] = [
  (value) => value,
  (value) => [value, value],
  (value) => [{ filter: "x", value }, { value: [value] }],
  (value) => ({ filter: "*", value }),
];

/** Recipes for one method, with its required parameters in each of the forms of a setting. */
function recipesFor(method: AnyMethod): Record<string, unknown>[] {
  const recipe = methodRecipe(method, { base: "base", models: ["a", "b", "c"] });
  const parameters = Object.entries((recipe.parameters ?? {}) as JsonObject);
  return FORMS.map((form) => {
    return {
      ...recipe,
      parameters: Object.fromEntries(parameters.map(([name, value]) => [name, form(value)])),
    };
  });
}

const faultsOf = (validator: ValidateFunction, recipe: unknown): string[] => {
  validator(recipe);
  return (validator.errors ?? [])
    .map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`)
    .sort();
};

describe("The recipe schema", () => {
  it("is valid draft 7, and the strictest compiler has nothing to say but about refinements", () => {
    const meta = new Ajv().getSchema("http://json-schema.org/draft-07/schema#");
    assert.equal(meta?.(schema), true, JSON.stringify(meta?.errors));
  });

  it("is the schema in schemas/", () => {
    assert.deepEqual(JSON.parse(readFileSync("schemas/recipe.schema.json", "utf8")), recipeSchema());
  });

  it("closes every mapping, `parameters` by the branch of a method", () => {
    const open: string[] = [];
    for (const [path, node] of within(schema)) {
      const isMapping = [node.type].flat().includes("object");
      const isQuestion = /\/(?:if|contains)$/.test(path);
      // Names of modules and tokens are the user's; what they stand for is closed.
      const isClosed = node.additionalProperties === false || typeof node.additionalProperties === "object";
      if (isMapping && !isQuestion && !isClosed && !path.endsWith("/parameters")) open.push(path);
    }
    assert.deepEqual(open, []);
    for (const method of ALL) {
      for (const recipe of recipesFor(method)) {
        assert.deepEqual(faultsOf(accepts, recipe), [], method.name);
        assert.notDeepEqual(faultsOf(accepts, { ...recipe, parameters: { nonsense: 1 } }), [], method.name);
      }
    }
  });

  it("describes every key and parameter for editors, with defaults where there are any", () => {
    let count = 0;
    for (const [path, node] of within(schema)) {
      if (!path.endsWith("/properties") || path.includes("/allOf/")) continue;
      for (const [key, described] of Object.entries(node) as [string, JsonObject][]) {
        if ("$ref" in described) continue;
        const { description } = described;
        assert.ok(typeof description === "string" && description.length > 10, `${path}/${key}`);
        count += 1;
      }
    }
    assert.ok(count > 100);
    const definitions = schema.definitions as Record<string, { properties?: Record<string, JsonObject> }>;
    for (const { name, parameters } of ALL) {
      for (const [parameter, { default: value }] of Object.entries(
        parameters as Record<string, JsonObject>,
      )) {
        assert.equal(definitions[`${name}.parameters`]?.properties?.[parameter]?.default, value);
      }
    }
  });

  it("completes merge methods from their names and summaries", () => {
    const method = (schema.properties as Record<string, JsonObject>).merge_method;
    assert.deepEqual(
      method?.enum,
      ALL.map(({ name }) => name),
    );
    for (const { name, summary } of METHODS)
      assert.ok((method?.description as string).includes(`- ${name}: ${summary}`));
  });

  it("takes model parameters under a model, and no others", () => {
    const recipe = (parameters: JsonObject) => ({
      merge_method: "linear",
      models: [{ model: "a", parameters }],
    });
    assert.ok(accepts(recipe({ weight: 1 })));
    assert.ok(!accepts(recipe({ weight: 1, normalize: true })));
    const sliced = (parameters: JsonObject) => ({
      merge_method: "linear",
      slices: [
        { sources: [{ model: "a", layer_range: [0, 1], parameters }], parameters: { normalize: true } },
      ],
    });
    assert.ok(accepts(sliced({ weight: 1 })));
    assert.ok(!accepts(sliced({ normalize: true })));
  });

  it("holds an override's parameters against its own method, or the recipe's", () => {
    const recipe = (override: JsonObject) => ({
      base_model: "b",
      models: [{ model: "a" }],
      overrides: [{ tensors: "x", ...override }],
    });
    assert.ok(accepts(recipe({ parameters: { theta: "gram" } })));
    assert.ok(!accepts(recipe({ parameters: { weight: 1 } })));
    assert.ok(accepts(recipe({ merge_method: "linear", parameters: { weight: 1 } })));
    assert.ok(!accepts(recipe({ merge_method: "linear", parameters: { theta: "gram" } })));
  });

  it("says the same without the branches of methods that a recipe does not use", () => {
    for (const method of ALL.slice(0, 4)) {
      const reduced = compile(recipeSchema(ALL, [method]));
      for (const recipe of recipesFor(method)) {
        const wrong = { ...recipe, parameters: { weight: "x", nonsense: 1 }, overrides: [{ layers: [1] }] };
        assert.deepEqual(faultsOf(reduced, recipe), faultsOf(accepts, recipe));
        assert.deepEqual(faultsOf(reduced, wrong), faultsOf(accepts, wrong));
        assert.ok(faultsOf(reduced, wrong).length > 3);
      }
    }
  });
});
