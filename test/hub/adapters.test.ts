import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isMergeError } from "../../src/errors.ts";
import { merge } from "../../src/index.ts";
import type { HubSettings } from "../../src/hub/environment.ts";
import type { LockFile } from "../../src/lock/lock-file.ts";
import { fixtureTensor, writeAdapter, writeModel } from "../fixtures/adapters.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { useHub } from "./use-hub.ts";

const MODULE = "base_model.model.model.layers.0.q";
const recipe = (model: string) => ({ text: `merge_method: passthrough\nmodels: [{model: ${model}}]\n` });

describe("Adapters of the Hub", () => {
  const inFolder = useTemporaryFolder();
  const used = useHub();
  const fileOf = (folder: string, name: string) => readFileSync(inFolder(folder, name));
  const run = async (model: string, out: string, hub: HubSettings) => {
    await merge({ recipe: recipe(model), cwd: inFolder(), out, hub, force: true });
    return await readFile(inFolder(out, "model.safetensors"));
  };

  before(() => {
    writeModel(inFolder("model"), { "model.layers.0.q.weight": fixtureTensor("q", [6, 5], "BF16") });
    for (const [name, scale] of [
      ["old", 0.1],
      ["new", 0.9],
    ] as const) {
      writeAdapter(
        inFolder(name),
        {},
        {
          [`${MODULE}.lora_A.weight`]: fixtureTensor("A", [4, 5], "F32", scale),
          [`${MODULE}.lora_B.weight`]: fixtureTensor("B", [6, 4], "F32", scale),
        },
      );
    }
    const filesOf = (folder: string, ...names: string[]) =>
      Object.fromEntries(names.map((name) => [name, fileOf(folder, name)]));
    const adapterFiles = ["adapter_config.json", "adapter_model.safetensors"];
    used.hub.commit("org/model", filesOf("model", "config.json", "model.safetensors"));
    used.hub.commit("org/lora", filesOf("old", ...adapterFiles), { branch: "v1" });
    used.hub.commit("org/lora", filesOf("new", ...adapterFiles));
  });

  it("give what their folders give, at the revision that is named, and later without a network", async () => {
    const hub = await used.settings();
    const [older, newer] = [await run("model+old", "a", hub), await run("model+new", "b", hub)];
    assert.notDeepEqual(older, newer);
    assert.deepEqual(await run("org/model+org/lora@v1", "c", hub), older);
    assert.deepEqual(await run("model+org/lora", "d", hub), newer);
    used.hub.reset();
    assert.deepEqual(await run("org/model+org/lora@v1", "e", { ...hub, offline: true }), older);
    const lock = JSON.parse(await readFile(inFolder("c", "stockpot.lock.json"), "utf8")) as LockFile;
    const file = lock.inputs[0]?.files.find(({ name }) => name === "adapter_model.safetensors");
    assert.match(file?.sha256 ?? "", /^[0-9a-f]{64}$/);
  });

  it("are refused where there is none of the name, and where the cache lacks them offline", async () => {
    const hub = await used.settings();
    await assert.rejects(run("model+org/nothing", "x", hub), (error) =>
      isMergeError(error, "SOURCE_NOT_FOUND"),
    );
    await assert.rejects(run("model+org/lora", "x", { ...hub, offline: true }), (error) =>
      isMergeError(error, "HUB_OFFLINE"),
    );
  });
});
