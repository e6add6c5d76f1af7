import assert from "node:assert/strict";
import { referencedModels } from "../../src/recipe/references.ts";
import { referenceText } from "../../src/sources/types.ts";
import { recipeOf } from "../plan/build.ts";

describe("models of a recipe", () => {
  it("are each listed once, the base first, then as they are named", () => {
    const recipe = recipeOf({
      method: "linear",
      base: "base",
      slices: [{ sources: ["b", "a"], base: "other" }, { sources: ["a", "base"] }],
      overrides: [{ tensors: ["*"], model: "c" }],
    });
    assert.deepEqual(referencedModels(recipe).map(referenceText), ["base", "b", "a", "other", "c"]);
  });

  it("start with the first named where there is no base", () => {
    assert.deepEqual(
      referencedModels(recipeOf({ method: "linear", models: ["b", "a"] })).map(referenceText),
      ["b", "a"],
    );
  });
});
