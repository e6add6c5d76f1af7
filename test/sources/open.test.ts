import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { access, chmod, constants, mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { openModel } from "../../src/sources/open.ts";
import type { ModelHeaders } from "../../src/sources/types.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";

const weights = (...names: string[]) =>
  encodeSafetensors(
    Object.fromEntries(names.map((name) => [name, { dtype: "U8", shape: [1], values: [1] }])),
  );

describe("openModel", () => {
  const inFolder = useTemporaryFolder();

  /** Writes files below a new folder and returns its path. */
  async function folder(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
    for (const [file, content] of Object.entries(files)) {
      await mkdir(dirname(inFolder(name, file)), { recursive: true });
      await writeFile(inFolder(name, file), content);
    }
    return inFolder(name);
  }

  const open = async (path: string, searchFrom: string[] = []) => await openModel({ path }, { searchFrom });
  const names = (model: ModelHeaders) => [...model.tensors.keys()].join();
  const files = (model: ModelHeaders) => model.files.map(({ name }) => name).join();

  it("gives each tensor's file, offset and length, whether in one file or in shards", async () => {
    for (const path of ["demo/glyphs/base", "test/golden/models/sharded/ft1"]) {
      const model = await open(path, ["."]);
      const expected = readWeights(path);
      assert.equal(model.location, resolve(path));
      assert.equal(model.reference, path);
      assert.deepEqual(new Set(model.tensors.keys()), new Set(expected.keys()));
      for (const { name, dtype, shape, file, offset, byteLength } of model.tensors.values()) {
        const { path: shard } = model.files[file] ?? assert.fail(name);
        const tensor = expected.get(name);
        assert.deepEqual({ dtype, shape }, { dtype: tensor?.dtype, shape: tensor?.shape });
        assert.deepEqual(
          Uint8Array.from(readFileSync(shard).subarray(offset, offset + byteLength)),
          tensor?.bytes,
        );
      }
      assert.deepEqual(model.metadata, { format: "pt" });
      assert.ok(Array.isArray(model.config?.architectures));
    }
  });

  it("notes each file's length and time", async () => {
    const path = await folder("times", { "model.safetensors": weights("a") });
    await utimes(join(path, "model.safetensors"), 1_700_000_000, 1_700_000_000);
    const [file] = (await open(path)).files;
    assert.equal(file?.modifiedMs, 1_700_000_000_000);
    assert.equal(file.byteLength, weights("a").length);
  });

  it("finds a relative path in the first folder that has it, and the home folder behind ~", async () => {
    await folder("one/m", { "model.safetensors": weights("first") });
    await folder("two/m", { "model.safetensors": weights("second") });
    await folder("two/n", { "model.safetensors": weights("third") });
    const searchFrom = [inFolder("one"), inFolder("two")];
    assert.equal(names(await open("m", searchFrom)), "first");
    assert.equal(names(await open("./m/", searchFrom)), "first");
    assert.equal(names(await open("n", searchFrom)), "third");
    assert.equal(names(await open(inFolder("two/m"), searchFrom)), "second");
    const home = await openModel({ path: "~/m" }, { searchFrom, homeDirectory: inFolder("two") });
    assert.equal(names(home), "second");
  });

  it("names the model by its canonical reference", async () => {
    await folder("ref", { "model.safetensors": weights("a") });
    const model = await openModel({ path: inFolder("ref"), revision: "main" }, { searchFrom: [] });
    assert.equal(model.reference, `${inFolder("ref")}@main`);
  });

  it("prefers model.safetensors, then an index, and leaves Meta's consolidated copy aside", async () => {
    const single = await folder("prefers", {
      "model.safetensors": weights("a"),
      "other.safetensors": weights("b"),
      "consolidated.safetensors": weights("c"),
    });
    assert.equal(names(await open(single)), "a");
    const indexed = await folder("indexed", {
      "unet.safetensors.index.json": '{"weight_map":{"b":"sub/x.safetensors"}}',
      "sub/x.safetensors": weights("b"),
      "consolidated.safetensors": weights("c"),
    });
    assert.equal(files(await open(indexed)), "sub/x.safetensors");
    const meta = await folder("meta", { "consolidated.safetensors": weights("c") });
    assert.equal(names(await open(meta)), "c");
  });

  it("takes files of any name without an index, in the order of their names", async () => {
    const path = await folder("any", {
      "b.safetensors": weights("x", "y"),
      "a.safetensors": weights("z"),
      "consolidated.00.safetensors": weights("x"),
    });
    const model = await open(path);
    assert.equal(files(model), "a.safetensors,b.safetensors");
    assert.equal(names(model), "z,x,y");
  });

  it("takes one file, or one index, as bare weights", async () => {
    const path = await folder("bare", {
      "config.json": "{}",
      "x.fp16.safetensors": weights("half"),
      "x.safetensors": weights("full"),
      "x.fp16.safetensors.index.json": '{"weight_map":{"half":"x.fp16.safetensors"}}',
    });
    for (const file of ["x.fp16.safetensors", "x.fp16.safetensors.index.json"]) {
      const model = await open(join(path, file));
      assert.equal(names(model), "half");
      assert.equal(model.location, join(path, file));
      assert.deepEqual([model.config, model.sideFiles], [undefined, []]);
    }
  });

  it("lists the other files of the folder, never weights, their indexes or what the output writes anew", async () => {
    const path = await folder("sides", {
      "model.safetensors": weights("a"),
      "model.fp16.safetensors.index.json": "{}",
      "config.json": "{}",
      "tokenizer.json": "{}",
      "README.md": "x",
      "mergekit_config.yml": "x",
      "pytorch_model.bin": "x",
      "pytorch_model.bin.index.json": "{}",
      "tf_model.h5": "x",
      "flax_model.msgpack": "x",
      "consolidated.00.pth": "x",
      "ggml-q4.gguf": "x",
      ".gitattributes": "12345",
      ".git/config": "x",
      ".cache/huggingface/x.lock": "x",
      "1_Pooling/config.json": "{}",
      "onnx/model.onnx": "x",
      "onnx/deep/er.json": "x",
      "original/params.json": "x",
      ".stockpot-00ff-model.safetensors.partial": "x",
    });
    await symlink("tokenizer.json", join(path, "linked.json"));
    await symlink("nowhere", join(path, "broken.json"));
    assert.deepEqual((await open(path)).sideFiles, [
      { name: ".gitattributes", byteLength: 5 },
      { name: "1_Pooling/config.json", byteLength: 2 },
      { name: "linked.json", byteLength: 2 },
      { name: "tokenizer.json", byteLength: 2 },
    ]);
  });

  it("follows links to blobs, as a Hub cache is laid out", async () => {
    const path = await folder("cache", { "blobs/0a1b": weights("a"), "snapshots/rev/config.json": "{}" });
    await symlink("../../blobs/0a1b", join(path, "snapshots/rev/model.safetensors"));
    assert.equal(names(await open(join(path, "snapshots/rev"))), "a");
  });

  it("reads a config.json as Python writes it, with NaN and Infinity", async () => {
    const path = await folder("python", {
      "model.safetensors": weights("a"),
      "config.json":
        '{"limit": [0.0, Infinity, -Infinity, NaN], "text": "NaN \\" Infinity", "__proto__": {"a": 1}}',
    });
    const { config } = await open(path);
    assert.deepEqual(config?.limit, [0, null, null, null]);
    assert.equal(config.text, 'NaN " Infinity');
    assert.ok(Object.hasOwn(config, "__proto__"));
  });

  it("shows everything that is wrong with a model at once", async () => {
    const path = await folder("wrong", {
      "config.json": '{\n  "a": 1,\n}',
      "model.safetensors.index.json":
        '{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}}',
      "1.safetensors": weights("a").subarray(0, -1),
      "2.safetensors": weights("B"),
    });
    await assert.rejects(open(path), (error: Error & { problems: { code: string; message: string }[] }) => {
      assert.deepEqual(error.problems.map(({ code }) => code).sort(), [
        "FORMAT_INDEX_MISMATCH",
        "FORMAT_INDEX_MISMATCH",
        "FORMAT_INDEX_SHARD",
        "FORMAT_TRUNCATED",
        "SOURCE_CONFIG",
      ]);
      assert.match(
        error.problems.map(({ message }) => message).join("\n"),
        /config\.json:3:1 is not valid JSON/,
      );
      return true;
    });
  });

  it("says that a file was closed to the user, where the system enforces it", async function () {
    const path = await folder("denied", { "model.safetensors": weights("a") });
    await chmod(join(path, "model.safetensors"), 0);
    const enforced = await access(join(path, "model.safetensors"), constants.R_OK).then(
      () => false,
      () => true,
    );
    if (!enforced) this.skip();
    await assert.rejects(open(path), { code: "SOURCE_UNREADABLE", message: /permission denied/ });
    await rm(path, { recursive: true });
  });
});
