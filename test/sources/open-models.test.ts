import assert from "node:assert/strict";
import { isMergeError } from "../../src/errors.ts";
import { openModels } from "../../src/sources/open.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";

describe("opening the models of a recipe", () => {
  const inFolder = useTemporaryFolder();
  const references = (...paths: string[]) => paths.map((path) => ({ path }));

  it("gives their headers by reference, in the order asked for", async () => {
    await writeTinyFamily(inFolder("family"), { fineTunes: 2 });
    const options = { searchFrom: [inFolder("family")] };
    const models = await openModels(references("ft2", "base"), options);
    assert.deepEqual(
      [...models].map(([name, { reference, location }]) => [name, reference, location]),
      ["ft2", "base"].map((name) => [name, name, inFolder("family", name)]),
    );
  });

  it("lists what is wrong with all of them at once", async () => {
    await writeTinyFamily(inFolder("other"), { fineTunes: 1 });
    const options = { searchFrom: [inFolder("other")] };
    await assert.rejects(openModels(references("nowhere", "base", "neither"), options), (error) => {
      assert.ok(isMergeError(error, "SOURCE_NOT_FOUND"));
      assert.deepEqual(
        error.problems.map(({ code, message }) => [code, /^Model "(\w+)"/.exec(message)?.[1]]),
        [
          ["SOURCE_NOT_FOUND", "nowhere"],
          ["SOURCE_NOT_FOUND", "neither"],
        ],
      );
      return true;
    });
  });

  it("refuses a model whose adapter is not there, rather than leave it out", async () => {
    await writeTinyFamily(inFolder("adapted"), { fineTunes: 1 });
    const reference = { path: "base", lora: { path: "tuned" } };
    await assert.rejects(openModels([reference], { searchFrom: [inFolder("adapted")] }), (error) => {
      assert.ok(isMergeError(error, "SOURCE_NOT_FOUND"));
      assert.match(error.message, /^Model "tuned" was not found/);
      return true;
    });
  });
});
