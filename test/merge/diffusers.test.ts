import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, rename } from "node:fs/promises";
import { merge } from "../../src/index.ts";
import { readSafetensors } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { PARTS } from "../fixtures/tiny-parts.ts";

const NAME = "diffusion_pytorch_model";

describe("merging parts of a Diffusers pipeline", () => {
  const inFolder = useTemporaryFolder();
  const text = "merge_method: linear\nmodels: [{model: ft1}, {model: ft2}]\nparameters: {weight: 1}\n";
  const weightsIn = (folder: string) =>
    readdirSync(inFolder(folder)).filter((name) => name.includes("safetensors"));

  before(async () => {
    await writeTinyFamily(inFolder(), { architecture: PARTS.diffusion, fineTunes: 2 });
    for (const model of ["ft1", "ft2"]) {
      await rename(inFolder(model, "model.safetensors"), inFolder(model, `${NAME}.safetensors`));
      await copyFile(inFolder(model, `${NAME}.safetensors`), inFolder(model, `${NAME}.fp16.safetensors`));
    }
  });

  it("reads and writes the file that Diffusers loads, and leaves its half-precision variant alone", async () => {
    await merge({ recipe: { text }, cwd: inFolder(), out: "one" });
    assert.deepEqual(weightsIn("one"), [`${NAME}.safetensors`]);
    assert.match(readFileSync(inFolder("one", "README.md"), "utf8"), /^library_name: diffusers$/m);
  });

  it("names shards and index likewise, and removes them when a single file takes their place", async () => {
    await merge({ recipe: { text }, cwd: inFolder(), out: "some", maxShardBytes: 3_000 });
    const index = `${NAME}.safetensors.index.json`;
    const { weight_map: map } = JSON.parse(readFileSync(inFolder("some", index), "utf8")) as {
      weight_map: Record<string, string>;
    };
    const shards = [...new Set(Object.values(map))].sort();
    assert.ok(shards.length > 1);
    assert.match(shards[0] ?? "", /^diffusion_pytorch_model-00001-of-\d{5}\.safetensors$/);
    assert.deepEqual(weightsIn("some"), [...shards, index]);
    for (const [name, shard] of Object.entries(map))
      assert.ok(readSafetensors(inFolder("some", shard)).tensors.has(name));
    // The output is a model as well.
    const again = "merge_method: passthrough\nmodels: [{model: some}]\n";
    await merge({ recipe: { text: again }, cwd: inFolder(), out: "again" });
    await merge({ recipe: { text }, cwd: inFolder(), out: "some", force: true });
    assert.deepEqual(weightsIn("some"), [`${NAME}.safetensors`]);
  });
});
