import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { appendFile, cp, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { merge, verify } from "../../src/index.ts";
import type { MergeOptions, VerifyOptions, VerifyReport } from "../../src/index.ts";
import { runCli } from "../cli/captured-io.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";

const RECIPE = "merge_method: linear\nmodels: [{model: base}, {model: ft1}]\nparameters: {weight: 1}\n";
const SHARD = "model-00002-of-00003.safetensors";

const errorsOf = ({ problems }: VerifyReport) =>
  problems.filter(({ severity }) => severity === "error").map(({ code }) => code);
const warningsOf = ({ problems }: VerifyReport) =>
  problems.filter(({ severity }) => severity === "warning").map(({ code }) => code);
const stateOf = ({ files }: VerifyReport, name: string) => files.find((file) => file.name === name)?.state;

describe("stockpot verify", () => {
  const inFolder = useTemporaryFolder();
  let count = 0;

  before(async () => {
    await writeTinyFamily(inFolder("models"), { fineTunes: 1 });
    await write("model", { maxShardBytes: 8_000 });
  });

  async function write(out: string, options: Partial<MergeOptions> = {}): Promise<void> {
    const recipe = { text: RECIPE, file: "recipe.yml" };
    await merge({ recipe, cwd: inFolder("models"), out: inFolder(out), ...options });
  }

  /** A fresh copy of the output. */
  async function copy(): Promise<string> {
    const folder = inFolder(`copy-${String(count++)}`);
    await cp(inFolder("model"), folder, { recursive: true });
    return folder;
  }

  const check = (out: string, options: Partial<VerifyOptions> = {}) =>
    verify({ out, cwd: inFolder("models"), ...options });

  it("finds an output as it was written, the model card edited or not", async () => {
    const out = await copy();
    await appendFile(join(out, "README.md"), "More about this model.\n");
    const progress: number[] = [];
    const report = await check(out, { onProgress: (done, total) => progress.push(done / total) });
    assert.deepEqual(report.problems, []);
    assert.equal(report.intact, true);
    assert.equal(report.replanned, true);
    assert.equal(report.inputCount, 2);
    assert.equal(report.tensorCount, readWeights(out).size);
    assert.ok(report.files.some(({ name }) => name === SHARD));
    assert.ok(report.files.every(({ state }) => state === "intact"));
    assert.equal(progress.at(-1), 1);
  });

  for (const name of [SHARD, "tokenizer_config.json"]) {
    it(`finds one changed bit of ${name}`, async () => {
      const out = await copy();
      const bytes = await readFile(join(out, name));
      bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
      await writeFile(join(out, name), bytes);
      const report = await check(out);
      assert.deepEqual(errorsOf(report), ["VERIFY_DIGEST"]);
      assert.ok(report.problems[0]?.message.startsWith(join(out, name)));
      assert.equal(stateOf(report, name), "changed");
      assert.equal(report.files.filter(({ state }) => state !== "intact").length, 1);
    });
  }

  it("finds a missing shard, and names its tensors", async () => {
    const out = await copy();
    await unlink(join(out, SHARD));
    const report = await check(out);
    assert.deepEqual(errorsOf(report), ["VERIFY_MISSING", "VERIFY_TENSORS"]);
    assert.equal(stateOf(report, SHARD), "missing");
    assert.match(report.problems[1]?.message ?? "", /^\d+ tensors of the plan are not in the weights: "/);
  });

  it("finds a file that is cut short", async () => {
    const out = await copy();
    const bytes = await readFile(join(out, SHARD));
    await writeFile(join(out, SHARD), bytes.subarray(0, -4));
    const report = await check(out);
    assert.equal(errorsOf(report)[0], "VERIFY_DIGEST");
    assert.match(
      report.problems[0]?.message ?? "",
      new RegExp(`has ${bytes.length - 4} bytes; .* ${bytes.length}$`),
    );
  });

  it("finds an extra tensor in a shard and its index", async () => {
    const out = await copy();
    const indexPath = join(out, "model.safetensors.index.json");
    const index = JSON.parse(await readFile(indexPath, "utf8")) as { weight_map: Record<string, string> };
    const own = [...readWeights(out)].filter(([name]) => index.weight_map[name] === SHARD);
    const tensors = own.map(([name, { shape, values }]) => [name, { dtype: "F32", shape, values }] as const);
    const extra = { dtype: "F32", shape: [2], values: [1, 2] } as const;
    await writeFile(
      join(out, SHARD),
      encodeSafetensors(Object.fromEntries([...tensors, ["extra.weight", extra]])),
    );
    index.weight_map["extra.weight"] = SHARD;
    await writeFile(indexPath, JSON.stringify(index));
    const report = await check(out);
    assert.ok(report.problems.some(({ message }) => message.includes('not in the plan: "extra.weight"')));
    assert.deepEqual(new Set(errorsOf(report)), new Set(["VERIFY_DIGEST", "VERIFY_TENSORS"]));
  });

  it("finds a tensor of another shape, even where no digest is asked", async () => {
    const out = await copy();
    const path = join(out, "model-00001-of-00003.safetensors");
    const bytes = await readFile(path);
    const text = bytes.toString("latin1");
    const shape = /"shape":\[(\d+),(\d+)\]/.exec(text) ?? assert.fail();
    bytes.write(`"shape":[${shape[2] ?? ""},${shape[1] ?? ""}]`, shape.index, "latin1");
    await writeFile(path, bytes);
    const report = await check(out);
    assert.ok(report.problems.some(({ message }) => message.includes("of another dtype or shape")));
  });

  for (const name of ["model.safetensors", "model-00004-of-00004.safetensors", "pytorch_model.bin"]) {
    it(`finds weights that the merge did not write: ${name}`, async () => {
      const out = await copy();
      await writeFile(join(out, name), encodeSafetensors({ a: { dtype: "F32", shape: [1], values: [1] } }));
      const report = await check(out);
      assert.equal(errorsOf(report)[0], "VERIFY_EXTRA");
      assert.equal(stateOf(report, name), "extra");
    });
  }

  it("finds that the recipe was edited", async () => {
    const out = await copy();
    await writeFile(join(out, "mergekit_config.yml"), RECIPE.replace("weight: 1", "weight: [1, 2]"));
    assert.deepEqual(errorsOf(await check(out)), ["VERIFY_DIGEST", "VERIFY_PLAN"]);
  });

  it("warns of an input that changed since, which does not make the output wrong", async () => {
    await cp(inFolder("models"), inFolder("changed"), { recursive: true });
    const path = inFolder("changed", "ft1", "model.safetensors");
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const report = await check(inFolder("model"), { cwd: inFolder("changed") });
    assert.deepEqual([errorsOf(report), warningsOf(report)], [[], ["VERIFY_INPUT"]]);
    assert.equal(report.problems[0]?.message, "model.safetensors of ft1 is not what the merge read");
    assert.equal(report.intact, true);
  });

  it("checks all but the plan where the models are not at hand", async () => {
    const out = await copy();
    const report = await check(out, { cwd: inFolder() });
    assert.deepEqual([errorsOf(report), warningsOf(report)], [[], ["VERIFY_NOT_PLANNED"]]);
    assert.deepEqual([report.intact, report.replanned], [true, false]);
    await writeFile(join(out, "config.json"), "{}");
    assert.deepEqual(errorsOf(await check(out, { cwd: inFolder() })), ["VERIFY_DIGEST"]);
  });

  it("plans with the options of the merge: dtype, seed, size of the files", async () => {
    await write("options", { dtype: "bfloat16", seed: 7, maxShardBytes: 5_000 });
    assert.deepEqual((await check(inFolder("options"))).problems, []);
  });

  it("plans files of several recipes; leaves a result on the way unplanned, and says so", async () => {
    const text = `name: mid\n${RECIPE}---\nmerge_method: linear\nparameters: {weight: 1}\nmodels: [{model: mid}, {model: ft1}]\n`;
    await write("several", { recipe: { text }, keepIntermediate: inFolder("kept") });
    assert.deepEqual((await check(inFolder("several"))).problems, []);
    const kept = await check(inFolder("kept", "mid"));
    assert.deepEqual([errorsOf(kept), warningsOf(kept)], [[], ["VERIFY_NOT_PLANNED"]]);
  });

  it("works after the output was moved, and without the recipe only compares digests", async () => {
    await write("moved", { modelCard: false });
    await rename(inFolder("moved"), inFolder("elsewhere"));
    const report = await check(inFolder("elsewhere"));
    assert.deepEqual([errorsOf(report), warningsOf(report)], [[], ["VERIFY_NOT_PLANNED"]]);
  });

  it("refuses a folder without a lock file, or with a broken one", async () => {
    const out = await copy();
    await writeFile(join(out, "stockpot.lock.json"), '{"version": 1}');
    await assert.rejects(check(out), { code: "VERIFY_LOCK", message: /stockpot is missing$/ });
    await rm(join(out, "stockpot.lock.json"));
    await assert.rejects(check(out), { code: "VERIFY_NO_LOCK", where: out });
    const nowhere = inFolder("some", "modle");
    await assert.rejects(check(nowhere), {
      code: "SOURCE_NOT_FOUND",
      message: `There is no folder ${nowhere}`,
    });
  });

  it("tells by its exit status and line by line what is wrong, or in one document", async () => {
    const out = await copy();
    const good = await runCli(["verify", out]);
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /\n {2}files +8 of 8 files as the merge wrote them\n/);
    assert.match(good.stdout, /\nIntact: hashed [\d.]+ kB in /);
    await unlink(join(out, SHARD));
    await writeFile(join(out, "config.json"), "{}");
    const { status, stdout, stderr } = await runCli(["verify", out]);
    assert.equal(status, 10);
    assert.match(stdout, /6 of 8 files as the merge wrote them, 1 changed, 1 missing\n[\s\S]*\nNot intact: /);
    assert.match(stderr, /^VERIFY_MISSING {2}.*00002-of-00003\.safetensors is missing\n/m);
    assert.match(stderr, /^VERIFY_DIGEST {2}.*config\.json has 2 bytes; the merge wrote \d+\n/m);
    const json = await runCli(["verify", out, "--json"]);
    assert.equal(json.status, 10);
    assert.equal((JSON.parse(json.stdout) as VerifyReport).intact, false);
    assert.equal((await runCli(["verify", out, "--quiet"])).stdout, "");
  });

  it("finds in its lock file what the schema in schemas/ describes", () => {
    const schema = JSON.parse(readFileSync("schemas/lock.schema.json", "utf8")) as { required: string[] };
    const lock = JSON.parse(readFileSync(inFolder("model", "stockpot.lock.json"), "utf8")) as object;
    assert.deepEqual(
      schema.required.filter((key) => !Object.hasOwn(lock, key)),
      [],
    );
  });
});
