import assert from "node:assert/strict";
import { RecipeError } from "../../src/errors.ts";
import { parseRecipe, parseRecipes } from "../../src/recipe/parse.ts";
import type { ParsedRecipes } from "../../src/recipe/types.ts";
import { dedent, summary } from "./faults.ts";

const read = (text: string): ParsedRecipes => parseRecipes(dedent(text), { file: "recipe.yml" });
const names = ({ intermediates }: ParsedRecipes) => intermediates.map(({ name }) => name);
const document = (name: string, ...models: string[]) =>
  `${name && `name: ${name}\n`}merge_method: linear\nparameters: {weight: 1}\nmodels: [${models.map((model) => `{model: ${model}}`).join(", ")}]\n`;
const file = (...documents: string[]) => parseRecipes(documents.join("---\n"), { file: "recipe.yml" });

describe("Several recipes in one file", () => {
  it("are ordered so that each comes after those whose results it takes, the unnamed one last", () => {
    const parsed = file(
      document("c", "b", "a"),
      document("", "c", "x"),
      document("b", "a", "y"),
      document("a", "x", "y"),
    );
    assert.deepEqual(names(parsed), ["a", "b", "c"]);
    assert.equal(parsed.output.name, undefined);
    assert.deepEqual(parsed.warnings, []);
  });

  it("use each other's results as base, in slices, as a slice's base and in overrides", () => {
    const parsed = read(`
      name: a
      merge_method: passthrough
      models: [{model: x}]
      ---
      name: b
      merge_method: passthrough
      models: [{model: x}]
      ---
      name: c
      merge_method: passthrough
      models: [{model: x}]
      ---
      merge_method: slerp
      base_model: a
      slices:
        - sources: [{model: a, layer_range: [0, 1]}, {model: y, layer_range: [0, 1]}]
        - sources: [{model: b, layer_range: [0, 1]}, {model: y, layer_range: [0, 1]}]
          base_model: b
      parameters: {t: 0.5}
      overrides: [{tensors: x, merge_method: passthrough, model: c}]
    `);
    assert.deepEqual(names(parsed), ["a", "b", "c"]);
  });

  it("end with the last that no other one takes, where all have names", () => {
    const parsed = file(document("b", "a", "x"), document("a", "x", "y"));
    assert.equal(parsed.output.name, "b");
    assert.deepEqual(names(parsed), ["a"]);
  });

  it("warn of an evaluation of a result on the way, which is not scored", () => {
    const parsed = file(
      `${document("a", "x", "y")}evaluate: {data: d}\n`,
      `${document("", "a", "y")}evaluate: {data: d}\n`,
    );
    assert.deepEqual(summary(parsed.warnings), [
      '5:11 RECIPE_MISPLACED_PARAMETER "evaluate" has no effect in "a", whose result others take.',
    ]);
    assert.equal(parsed.output.evaluate?.kind, "data");
  });

  it("warn of a result that nothing takes, and do not make it", () => {
    const parsed = file(document("frist", "x", "y"), document("", "first", "y"));
    assert.deepEqual(names(parsed), []);
    assert.deepEqual(summary(parsed.warnings), [
      '1:7 RECIPE_DOCUMENTS No recipe uses the result of "frist", so it is not made. Did you mean "first"?',
    ]);
  });

  it("may end in an empty document, and a single one may have a name", () => {
    assert.deepEqual(names(read(`${document("a", "x")}---\n${document("", "a", "y")}---\n`)), ["a"]);
    assert.equal(read(`---\n${document("only", "x")}...\n`).output.name, "only");
  });

  it("each have places in the whole file, and one list of problems", () => {
    assert.throws(
      () => file(document("a", "x"), "merge_method: liner\nmodels: [{model: a}]\n"),
      (error) => {
        assert.ok(error instanceof RecipeError);
        assert.deepEqual(summary(error.problems), [
          '6:15 RECIPE_UNKNOWN_METHOD "liner" is not a merge method. Did you mean "linear"?',
        ]);
        assert.equal(error.problems[0]?.frame?.split("\n")[0], "   6 | merge_method: liner");
        return true;
      },
    );
  });

  it("are refused by the reader of single recipes", () => {
    assert.throws(
      () => parseRecipe([document("a", "x"), document("", "a", "y")].join("---\n"), { file: "r.yml" }),
      (error) => error instanceof RecipeError && error.code === "RECIPE_DOCUMENTS",
    );
  });

  it("leave anchors to their own document", () => {
    assert.throws(
      () =>
        read(
          "merge_method: &m linear\nmodels: [{model: a, parameters: {weight: 1}}]\n---\nmerge_method: *m\n",
        ),
      {
        code: "RECIPE_SYNTAX",
      },
    );
  });
});
