import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRecipes } from "../../src/recipe/parse.ts";
import { referencedModels } from "../../src/recipe/references.ts";
import { MORE_METHODS } from "./more-methods.ts";

const CASES = "test/golden/cases";
describe("A recipe that mergekit runs", () => {
  const names = existsSync(CASES) ? readdirSync(CASES) : [];

  it("is among the golden cases", () => {
    assert.ok(names.length > 30);
  });

  for (const name of names) {
    const file = join(CASES, name, "recipe.yml");
    it(`is read without a change: ${name}`, () => {
      const text = readFileSync(file, "utf8");
      const { intermediates, output, warnings } = parseRecipes(text, { file, methods: MORE_METHODS });
      const recipes = [...intermediates, output];
      for (const { mergeMethod } of recipes)
        assert.match(text, new RegExp(`^merge_method: ${mergeMethod}$`, "m"));
      const names = new Set(intermediates.map((recipe) => recipe.name));
      const paths = recipes.flatMap(referencedModels).map(({ path }) => path);
      const models = new Set(paths.filter((path) => !names.has(path)));
      const written = text.matchAll(/(?:model|base_model): (\.\/[^\s,}]+)/g);
      assert.deepEqual([...models].sort(), [...new Set([...written].map(([, path]) => path))].sort());
      assert.ok(warnings.every(({ code }) => code === "RECIPE_MISPLACED_PARAMETER"));
    });
  }
});

describe("A recipe in recipes/", () => {
  for (const name of readdirSync("recipes").filter((each) => each.endsWith(".yml"))) {
    it(`is read without a warning: ${name}`, () => {
      const file = join("recipes", name);
      const text = readFileSync(file, "utf8");
      assert.deepEqual(parseRecipes(text, { file }).warnings, []);
      assert.match(text, /^# yaml-language-server: \$schema=\.\.\/schemas\/recipe\.schema\.json$/m);
    });
  }
});
