import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { merge } from "../../src/index.ts";
import type { MergeOptions } from "../../src/index.ts";
import type { LockFile } from "../../src/lock/lock-file.ts";
import { lockInputs } from "../../src/merge/lock-inputs.ts";
import { openModel } from "../../src/sources/open.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";

const RECIPE = "merge_method: linear\nmodels: [{model: ft1}, {model: ft2}]\nparameters: {weight: 1}\n";

const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const digestOf = (path: string) => sha256(readFileSync(path));

describe("the lock file of a merge", () => {
  const inFolder = useTemporaryFolder();
  const isValid = new Ajv().compile(
    JSON.parse(readFileSync("schemas/lock.schema.json", "utf8")) as Record<string, unknown>,
  );

  before(async () => {
    await writeTinyFamily(inFolder(), { fineTunes: 2 });
  });

  function readLock(folder: string): LockFile {
    const document: unknown = JSON.parse(readFileSync(inFolder(folder, "stockpot.lock.json"), "utf8"));
    assert.equal(isValid(document), true, JSON.stringify(isValid.errors));
    return document as LockFile;
  }

  async function lockOf(out: string, options: Partial<MergeOptions> = {}): Promise<LockFile> {
    await merge({ recipe: { text: RECIPE, file: "recipes/x.yml" }, cwd: inFolder(), out, ...options });
    return readLock(out);
  }

  it("has the digest of every file of the output but the model card and itself", async () => {
    const { files } = await lockOf("out", { maxShardBytes: 4_000 });
    const names = readdirSync(inFolder("out"));
    assert.ok(files.filter(({ role }) => role === "weights").length > 2);
    assert.deepEqual(
      files.map(({ name }) => name).sort(),
      names.filter((name) => name !== "README.md" && name !== "stockpot.lock.json").sort(),
    );
    for (const { name, byteLength, sha256: digest } of files) {
      assert.equal(digest, digestOf(inFolder("out", name)), name);
      assert.equal(byteLength, readFileSync(inFolder("out", name)).length, name);
    }
  });

  it("has the recipe, the options that shape the plan, and the version", async () => {
    const { recipe, plan, stockpot } = await lockOf("options", { seed: 3, dtype: "float16" });
    assert.deepEqual(recipe, {
      file: "mergekit_config.yml",
      source: "recipes/x.yml",
      sha256: sha256(RECIPE),
    });
    assert.deepEqual(plan?.options, { maxShardBytes: 5e9, dtype: "float16", seed: 3 });
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    assert.equal(stockpot, version);
    const other = await lockOf("other-seed", { seed: 4, dtype: "float16" });
    assert.notEqual(other.plan?.sha256, plan.sha256);
    const again = await lockOf("again", { seed: 3, dtype: "float16", workers: 2, tileBytes: 4096 });
    assert.equal(again.plan?.sha256, plan.sha256);
    const absolute = await lockOf("absolute", { recipe: { text: RECIPE, file: inFolder("mine", "r.yml") } });
    assert.equal(absolute.recipe.source, "r.yml");
  });

  it("has the digests of all small files of the inputs", async () => {
    const { inputs } = await lockOf("inputs");
    assert.deepEqual(
      inputs.map(({ reference, role }) => [reference, role]),
      [
        ["ft1", "model"],
        ["ft2", "model"],
      ],
    );
    for (const { reference, files } of inputs) {
      assert.deepEqual(
        files.map(({ name }) => name),
        ["model.safetensors", "config.json", "generation_config.json", "tokenizer_config.json"],
      );
      for (const { name, sha256: digest } of files) assert.equal(digest, digestOf(inFolder(reference, name)));
    }
  });

  it("has digests of large weights only if they are asked for, and else of their headers", async () => {
    const header = '{"a":{"dtype":"F32","shape":[25000000],"data_offsets":[0,100000000]}}';
    const start = Buffer.concat([Buffer.alloc(8), Buffer.from(header)]);
    start.writeBigUInt64LE(BigInt(header.length));
    const path = inFolder("large.safetensors");
    await writeFile(path, start);
    await truncate(path, start.length + 1e8);
    const headers = await openModel({ path }, { searchFrom: [] });
    const inputs = async (hash: "all" | "none") =>
      (await lockInputs([{ headers, role: "base" }], hash, {})).map(({ files }) => files);
    const file = { name: "large.safetensors", byteLength: start.length + 1e8 };
    assert.deepEqual(await inputs("none"), [[{ ...file, headerSha256: sha256(start) }]]);
    assert.deepEqual(await inputs("all"), [[{ ...file, sha256: sha256(start, Buffer.alloc(1e8)) }]]);
  });

  describe("of models in a Hub cache", () => {
    const revision = "0123456789abcdef0123456789abcdef01234567";
    const oid = "f".repeat(40);

    /** A cache with one model, whose weights are the blob of that name. */
    async function cache(root: string, weightsBlob: string): Promise<string> {
      const repository = inFolder(root, "models--org--ft");
      const snapshot = join(repository, "snapshots", revision);
      await mkdir(join(repository, "blobs"), { recursive: true });
      await mkdir(snapshot, { recursive: true });
      await copyFile(inFolder("ft1", "model.safetensors"), join(repository, "blobs", weightsBlob));
      await copyFile(inFolder("ft1", "config.json"), join(repository, "blobs", oid));
      await symlink(join("..", "..", "blobs", weightsBlob), join(snapshot, "model.safetensors"));
      await symlink(join("..", "..", "blobs", oid), join(snapshot, "config.json"));
      return snapshot;
    }

    const withModel = (model: string) => ({ recipe: { text: RECIPE.replace("ft2", model) } });

    it("has their repository and commit, and takes the digests from the names of the blobs", async function () {
      if (process.platform === "win32") this.skip();
      const digest = digestOf(inFolder("ft1", "model.safetensors"));
      const { inputs } = await lockOf("cached", withModel(await cache("hub", digest)));
      const { repo, revision: commit, files } = inputs[1] ?? assert.fail();
      assert.deepEqual({ repo, commit }, { repo: "org/ft", commit: revision });
      const [weights, config] = files;
      assert.equal(weights?.sha256, digest);
      assert.deepEqual([config?.oid, config?.sha256], [oid, digestOf(inFolder("ft1", "config.json"))]);
    });

    it("finds a damaged download, if the inputs are to be hashed, before anything is merged", async function () {
      if (process.platform === "win32") this.skip();
      const model = withModel(await cache("damaged", "a".repeat(64)));
      const { inputs } = await lockOf("unnoticed", model);
      assert.equal(inputs[1]?.files[0]?.sha256, "a".repeat(64));
      await assert.rejects(lockOf("noticed", { ...model, hashInputs: true }), { code: "SOURCE_DIGEST" });
      assert.equal(existsSync(inFolder("noticed")), false);
    });
  });

  it("has neither tokens nor passwords, and no other file of the output has", async () => {
    const token = `hf_${"Ab1".repeat(11)}`;
    const text = `# with ${token} from https://me:secret@example.org/x\n${RECIPE}`;
    const { recipe } = await lockOf("tokens", { recipe: { text } });
    const copy = readFileSync(inFolder("tokens", "mergekit_config.yml"), "utf8");
    assert.equal(copy, `# with *** from https://***@example.org/x\n${RECIPE}`);
    assert.equal(recipe.sha256, sha256(copy));
    for (const name of readdirSync(inFolder("tokens"))) {
      const content = readFileSync(inFolder("tokens", name), "latin1");
      assert.ok(!content.includes(token) && !content.includes("secret"), name);
    }
  });

  it("is not written when it is not wanted, and that of an earlier merge does not stay", async () => {
    await lockOf("twice");
    const options = { recipe: { text: RECIPE }, cwd: inFolder(), out: "twice", force: true };
    const { files } = await merge({ ...options, lock: false });
    assert.equal(existsSync(inFolder("twice", "stockpot.lock.json")), false);
    assert.ok(files.every(({ sha256: digest }) => digest === undefined));
  });

  it("names the models of all recipes of a file; that of a result on the way has no plan of its own", async () => {
    const text = `name: mid\n${RECIPE}---\nmerge_method: linear\nparameters: {weight: 1}\nmodels: [{model: mid}, {model: base}]\n`;
    const options = { recipe: { text }, cwd: inFolder(), out: "several", keepIntermediate: "kept" };
    await merge(options);
    const { inputs, plan } = readLock("several");
    assert.deepEqual(inputs.map(({ reference }) => reference).sort(), ["base", "ft1", "ft2"]);
    assert.notEqual(plan, undefined);
    const kept = readLock("kept/mid");
    assert.equal(kept.plan, undefined);
    assert.deepEqual(kept.inputs.map(({ reference }) => reference).sort(), ["ft1", "ft2"]);
  });

  it("has the digests of shards that are hashed on threads while they are written", async () => {
    // 3 x 30 MB of F32 in two sparse files; the shards have 60 MB and 30 MB.
    const names = ["a", "b", "c"];
    const entries = names.map((name, i) => [
      name,
      { dtype: "F32", shape: [2500, 3000], data_offsets: [i * 3e7, (i + 1) * 3e7] },
    ]);
    const header = JSON.stringify(Object.fromEntries(entries));
    for (const [at, model] of ["ft1", "ft2"].entries()) {
      await mkdir(inFolder("sparse", model), { recursive: true });
      const path = inFolder("sparse", model, "model.safetensors");
      const start = Buffer.alloc(8 + header.length + 4 * 1000);
      start.writeBigUInt64LE(BigInt(header.length));
      start.write(header, 8);
      for (let i = 0; i < 1000; i++) start.writeFloatLE(i + at, 8 + header.length + 4 * i);
      await writeFile(path, start);
      await truncate(path, 8 + header.length + 9e7);
    }
    const { files } = await lockOf("sparse/out", { cwd: inFolder("sparse"), out: "out", maxShardBytes: 6e7 });
    const weights = files.filter(({ role }) => role === "weights");
    assert.equal(weights.length, 2);
    for (const { name, sha256: digest } of weights)
      assert.equal(digest, digestOf(inFolder("sparse", "out", name)));
  });
});
