import assert from "node:assert/strict";
import { isMergeError } from "../../src/errors.ts";
import { openModels } from "../../src/sources/open.ts";
import { fixtureTensor, writeAdapter } from "../fixtures/adapters.ts";
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

  it("refuses an adapter in the place of a model, whose matrices alone would be merged", async () => {
    writeAdapter(
      inFolder("lora"),
      {},
      { "base_model.model.q.lora_A.weight": fixtureTensor("A", [4, 2], "F32") },
    );
    await assert.rejects(openModels(references("lora"), { searchFrom: [inFolder()] }), (error) => {
      assert.ok(isMergeError(error, "SOURCE_ADAPTER"));
      assert.equal(error.message, "lora is a LoRA adapter, not a model");
      assert.match(error.hint ?? "", /MODEL\+lora/);
      return true;
    });
  });

  it("warns of a revision that a folder cannot have, of the model and of its adapter", async () => {
    await writeTinyFamily(inFolder("revised"), { fineTunes: 1 });
    writeAdapter(inFolder("revised", "lora"), {}, {});
    const reference = { path: "base", revision: "v1", lora: { path: "lora", revision: "v2" } };
    const models = await openModels([reference, { path: "ft1" }], { searchFrom: [inFolder("revised")] });
    const warnings = [...models.values()].map(({ warnings: found = [] }) =>
      found.map(({ message }) => message),
    );
    assert.deepEqual(warnings, [
      [
        'base is on this machine: its revision "v1" has no effect',
        'lora is on this machine: its revision "v2" has no effect',
      ],
      [],
    ]);
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
