import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { isMergeError } from "../../src/errors.ts";
import { readRecipe } from "../../src/sources/recipe-file.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

describe("reading a recipe's file", () => {
  const inFolder = useTemporaryFolder();

  it("gives its text without a byte order mark", async () => {
    await writeFile(inFolder("recipe.yml"), "\uFEFFmodels: []  # é\n");
    assert.equal(await readRecipe(inFolder("recipe.yml"), 100), "models: []  # é\n");
  });

  it("reads one byte more than allowed of a file that is too long, and no further", async () => {
    await writeFile(inFolder("long.yml"), "x".repeat(200_000));
    assert.equal((await readRecipe(inFolder("long.yml"), 100_000)).length, 100_001);
  });

  it("offers the recipe that was probably meant", async () => {
    await writeFile(inFolder("slerp.yml"), "");
    await assert.rejects(readRecipe(inFolder("slrep.yml"), 100), (error) => {
      assert.ok(isMergeError(error, "RECIPE_NOT_FOUND"));
      assert.equal(error.hint, `Did you mean "${inFolder("slerp.yml")}"?`);
      return true;
    });
  });

  it("refuses a folder", async () => {
    await assert.rejects(readRecipe(inFolder("."), 100), (error) => isMergeError(error, "RECIPE_NOT_FOUND"));
  });
});
