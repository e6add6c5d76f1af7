import assert from "node:assert/strict";
import * as stockpot from "../src/index.ts";

describe("the public API", () => {
  it("exports these names and no others", () => {
    assert.deepEqual(Object.keys(stockpot), [
      "CODES",
      "DEFAULT_METHOD",
      "EXIT_STATUS",
      "EngineError",
      "EvaluateError",
      "FormatError",
      "InterruptedError",
      "METHODS",
      "MergeError",
      "PlanError",
      "RECIPE_DTYPE_NAMES",
      "RecipeError",
      "SinkError",
      "SourceError",
      "UsageError",
      "addTaskVectors",
      "defineMethod",
      "describeValues",
      "estimateResources",
      "flag",
      "gram",
      "hubSettings",
      "inspectModel",
      "integer",
      "isMergeError",
      "loadMethodModules",
      "magnitudes",
      "merge",
      "number",
      "oneOf",
      "optional",
      "overlap",
      "parseRecipe",
      "parseRecipes",
      "perModel",
      "plan",
      "push",
      "recipeSchema",
      "weightedSum",
      "weightedSumWithBase",
    ]);
  });
});
