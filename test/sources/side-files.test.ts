import assert from "node:assert/strict";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openModel } from "../../src/sources/open.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";

const WEIGHTS = encodeSafetensors({ a: { dtype: "U8", shape: [1], values: [1] } });

const MODULES = JSON.stringify([
  { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
  { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
  { idx: 2, name: "2", path: "2_Dense", type: "sentence_transformers.models.Dense" },
]);

describe("the small files of a model", function () {
  // Windows lets only administrators make links.
  if (process.platform === "win32") this.pending = true;
  const inFolder = useTemporaryFolder();

  async function folder(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
    for (const [file, content] of Object.entries({ "model.safetensors": WEIGHTS, ...files })) {
      await mkdir(dirname(inFolder(name, file)), { recursive: true });
      await writeFile(inFolder(name, file), content);
    }
    return inFolder(name);
  }

  const open = async (path: string) => await openModel({ path }, { searchFrom: [] });
  const namesOf = async (path: string) => (await open(path)).sideFiles.map(({ name }) => name);

  it("leave out a link to a file of the user's own, and say so by name", async () => {
    await writeFile(inFolder("secret"), "a private key");
    await mkdir(inFolder("secrets"));
    await writeFile(inFolder("secrets", "key"), "a private key");
    const path = await folder("hostile", { "vocab.txt": "a", "1_Pooling/config.json": "{}" });
    await symlink(inFolder("secret"), join(path, "tokenizer.json"));
    await symlink("../secret", join(path, "merges.txt"));
    await symlink("../../secret", join(path, "1_Pooling", "deep.json"));
    await symlink("../secrets", join(path, "2_Normalize"));
    const { sideFiles, leftOut } = await open(path);
    assert.deepEqual(
      sideFiles.map(({ name }) => name),
      ["1_Pooling/config.json", "vocab.txt"],
    );
    assert.deepEqual(
      leftOut?.map(({ code, severity, message }) => [code, severity, message.split(" is ")[0]]),
      ["1_Pooling/deep.json", "2_Normalize", "merges.txt", "tokenizer.json"].map((name) => [
        "SOURCE_LEFT_OUT",
        "warning",
        join(path, name),
      ]),
    );
  });

  it("refuse a config.json that is a link to a file elsewhere", async () => {
    await writeFile(inFolder("credentials.json"), '{"token": "x"}');
    const path = await folder("config-link", {});
    await symlink("../credentials.json", join(path, "config.json"));
    await assert.rejects(open(path), { code: "SOURCE_CONFIG", message: /leads out of the model's folder/ });
  });

  it("take links that stay within the folder, and drop those that lead nowhere or to themselves", async () => {
    const path = await folder("inner", { "files/tokenizer.json": "{}" });
    await symlink("files/tokenizer.json", join(path, "tokenizer.json"));
    await symlink("nowhere", join(path, "broken.json"));
    await symlink("circle.json", join(path, "circle.json"));
    const { sideFiles, leftOut } = await open(path);
    assert.deepEqual(
      sideFiles.map(({ name }) => name),
      ["files/tokenizer.json", "tokenizer.json"],
    );
    assert.equal(leftOut, undefined);
  });

  it("take a Hub cache's links to the blobs of the same repository and of no other", async () => {
    const repository = "hub/models--org--name";
    const snapshot = inFolder(repository, "snapshots", "rev");
    await folder(repository, { "blobs/0a": "{}", "snapshots/rev/1_Pooling/x.txt": "" });
    await folder("hub/models--org--other", { "blobs/0b": "{}" });
    await symlink("../../blobs/0a", join(snapshot, "config.json"));
    await symlink("../../blobs/0a", join(snapshot, "tokenizer.json"));
    await symlink("../../../blobs/0a", join(snapshot, "1_Pooling", "config.json"));
    await symlink("../../../models--org--other/blobs/0b", join(snapshot, "vocab.json"));
    await symlink("../../model.safetensors", join(snapshot, "model.safetensors"));
    const expected = ["1_Pooling/config.json", "1_Pooling/x.txt", "tokenizer.json"];
    assert.deepEqual(await namesOf(snapshot), expected);
    // The same through a link to the snapshot itself.
    await symlink(snapshot, inFolder("model"));
    assert.deepEqual(await namesOf(inFolder("model")), expected);
    assert.deepEqual((await open(snapshot)).config, {});
  });

  it("hold the weights of the folders that modules.json names, and of no others", async () => {
    const path = await folder("sentences", {
      "modules.json": MODULES,
      "1_Pooling/config.json": "{}",
      "2_Dense/config.json": "{}",
      "2_Dense/model.safetensors": WEIGHTS,
      "2_Dense/pytorch_model.bin": "x",
      "3_Other/model.safetensors": WEIGHTS,
    });
    const model = await open(path);
    assert.deepEqual(
      model.sideFiles.map(({ name }) => name),
      [
        "1_Pooling/config.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
        "2_Dense/pytorch_model.bin",
        "modules.json",
      ],
    );
    assert.deepEqual([...model.tensors.keys()], ["a"]);
  });

  it("leave out weights of a module that are as large as a network's, and say so", async () => {
    const path = await folder("large", { "modules.json": MODULES, "2_Dense/pytorch_model.bin": "x" });
    await truncate(join(path, "2_Dense", "pytorch_model.bin"), 2 ** 28 + 1);
    const { sideFiles, leftOut } = await open(path);
    assert.deepEqual(
      sideFiles.map(({ name }) => name),
      ["modules.json"],
    );
    assert.match(leftOut?.[0]?.message ?? "", /2_Dense.pytorch_model\.bin has 268435457 bytes/);
  });

  for (const text of ["{}", "[", ""]) {
    it(`refuse a modules.json that is no list: ${JSON.stringify(text)}`, async () => {
      const path = await folder(`modules-${text.length}`, { "modules.json": text });
      await assert.rejects(open(path), { code: "SOURCE_CONFIG", message: /modules\.json is not a list/ });
    });
  }

  it("follow no path that modules.json makes up", async () => {
    const modules = JSON.stringify([{ path: "../other" }, { path: "/etc" }, { path: 3 }, null, "x"]);
    await folder("other", { "secret.bin": "x" });
    const path = await folder("paths", { "modules.json": modules, "x/model.bin": "x" });
    assert.deepEqual(await namesOf(path), ["modules.json"]);
  });

  it("leave the lock file of an earlier merge where it is", async () => {
    const path = await folder("merged", { "stockpot.lock.json": "{}", "vocab.txt": "a" });
    assert.deepEqual(await namesOf(path), ["vocab.txt"]);
  });
});
