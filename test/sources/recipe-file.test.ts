import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { isMergeError } from "../../src/errors.ts";
import { readRecipe } from "../../src/sources/recipe-file.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

describe("reading a recipe's file", () => {
  const inFolder = useTemporaryFolder();

  it("gives its text without a byte order mark", async () => {
    await writeFile(inFolder("recipe.yml"), "\uFEFFmodels: []  # é\n");
    const recipe = await readRecipe("recipe.yml", inFolder(), 100);
    assert.deepEqual(recipe, { text: "models: []  # é\n", file: "recipe.yml", folder: inFolder() });
  });

  it("takes a text as it is, with or without the name of a file", async () => {
    const folder = inFolder();
    const named = await readRecipe({ text: "a", file: "sub/my.yml" }, folder, 100);
    assert.deepEqual(named, { text: "a", file: "sub/my.yml", folder: inFolder("sub") });
    assert.deepEqual(await readRecipe({ text: "b" }, folder, 100), { text: "b", file: "recipe.yml", folder });
  });

  it("reads one byte more than allowed of a file that is too long, and no further", async () => {
    await writeFile(inFolder("long.yml"), "x".repeat(200_000));
    const { text } = await readRecipe(inFolder("long.yml"), ".", 100_000);
    assert.equal(text.length, 100_001);
  });

  it("offers the recipe that was probably meant", async () => {
    await writeFile(inFolder("slerp.yml"), "");
    await assert.rejects(readRecipe("slrep.yml", inFolder(), 100), (error) => {
      assert.ok(isMergeError(error, "RECIPE_NOT_FOUND"));
      assert.equal(error.hint, 'Did you mean "slerp.yml"?');
      return true;
    });
  });

  it("refuses a folder", async () => {
    await assert.rejects(readRecipe(".", inFolder(), 100), (error) =>
      isMergeError(error, "RECIPE_NOT_FOUND"),
    );
  });
});
