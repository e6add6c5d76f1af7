import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import type { MergePlan, MergeReport } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { runCli } from "./captured-io.ts";

describe("stockpot merge", () => {
  const inFolder = useTemporaryFolder();
  const recipe = () => inFolder("recipe.yml");
  const merge = (out: string, ...flags: string[]) => runCli(["merge", recipe(), inFolder(out), ...flags]);

  before(async () => {
    await writeTinyFamily(inFolder("models"), { dtype: "BF16" });
    const models = ["ft1", "ft2", "ft3"].map((name) => `  - model: ./models/${name}\n`);
    await writeFile(recipe(), `base_model: ./models/base\nmodels:\n${models.join("")}`);
  });

  it("shows the plan, what was written, angles by kind of tensor, time and memory", async () => {
    const { status, stdout, stderr } = await merge("out");
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
    assert.match(
      stdout,
      /^Plan of .*recipe\.yml\n {2}method {3}model_stock\n {2}base {5}\.\/models\/base +[\d.]+ kB\n/,
    );
    assert.match(stdout, / {2}against {2}the base: the same tensors, as many parameters\n/);
    assert.match(stdout, / {2}reads {4}2 passes: measure [\d.]+ kB, combine [\d.]+ kB\n/);
    assert.match(
      stdout,
      / {2}needs {4}about [\d.]+ MB of memory with 1 worker, [\d.]+ [GT]B free on the disk\n/,
    );
    assert.match(
      stdout,
      /\nWritten to .*out\n {2}model\.safetensors +[\d.]+ kB\n {2}config\.json .*as the base had it\n/,
    );
    assert.match(stdout, /\n {2}attention +\d+( +[\d.]+){6}\n/);
    assert.match(stdout, /\nDone in [\d.]+ s: .* 123 MB of memory at the peak\n$/);
    for (const name of readdirSync(inFolder("out"))) assert.ok(stdout.includes(`  ${name} `), name);
  });

  it("shows what restacked layers add to the first model, and what is merged before the output", async () => {
    const stacked = await runCli(["plan", "recipes/glyphs-slices.yml"]);
    assert.match(stacked.stdout, / {2}against {2}the first model: 32 tensors more, 100K parameters more\n/);
    const several = await runCli(["merge", "recipes/glyphs-several.yml", inFolder("several")]);
    assert.match(
      several.stdout,
      / {2}base {5}mean +\d+ kB {2}computed here: linear of \.\/demo\/glyphs\/ft1, /,
    );
    assert.match(several.stdout, / {2}results {2}mean: computed tile by tile where it is read, in no file\n/);
    assert.match(
      several.stdout,
      /\nResults on the way\n {2}mean {2}linear +\d+ kB +computed while it was read, in no file\n\nWritten to /,
    );
  });

  it("tells before a merge what memory its tiles will take", async () => {
    const memoryWith = async (...flags: string[]) => {
      const { stdout } = await runCli(["plan", "recipes/glyphs-linear.yml", ...flags]);
      return Number(/ {2}needs {4}about ([\d.]+) MB of memory with 1 worker\n/.exec(stdout)?.[1]);
    };
    const [large, usual] = [await memoryWith("--tile-bytes", "8MiB"), await memoryWith()];
    // Three F32 inputs and the result, eight mebibytes each instead of one; both figures are rounded.
    const expected = (4 * 7 * 2 ** 20) / 1e6;
    assert.ok(Math.abs(large - usual - expected) <= 1.1, `${large} and ${usual}`);
  });

  it("shows the seed where a random method takes part, and writes it into the model card", async () => {
    const random = "recipes/glyphs-dare-ties.yml";
    const out = inFolder("random");
    for (const [flags, seed] of [
      [[], "0"],
      [["--random-seed", "7"], "7"],
    ] as const) {
      const planned = await runCli(["plan", random, ...flags]);
      const merged = await runCli(["merge", random, out, "--force", ...flags]);
      for (const { stdout } of [planned, merged])
        assert.match(stdout, new RegExp(`\n {2}seed {5}${seed}, from which random methods draw\n`));
      const card = readFileSync(`${out}/README.md`, "utf8");
      assert.match(card, new RegExp(`\nRandom choices were drawn with the seed ${seed}\\.\n`));
    }
    const { stdout } = await runCli(["plan", "recipes/glyphs-ties.yml"]);
    assert.doesNotMatch(stdout, /seed/);
  });

  it("prints one JSON document with --json, which agrees with the folder", async () => {
    const { stdout } = await merge("json", "--json");
    const report = JSON.parse(stdout) as MergeReport & { seconds: number; peakMemoryBytes: number };
    assert.deepEqual(report.files.map(({ name }) => name).sort(), readdirSync(inFolder("json")).sort());
    assert.equal(report.peakMemoryBytes, 123_000_000);
    assert.ok(report.seconds >= report.run.seconds);
  });

  it("prints nothing with --quiet", async () => {
    assert.deepEqual(await merge("quiet", "--quiet"), { status: 0, stdout: "", stderr: "" });
  });

  it("passes its flags on: dtype, shard size, workers, tiles", async () => {
    const flags = ["--dtype", "float32", "--out-shard-size", "4k", "--workers", "2", "--tile-bytes", "8KiB"];
    const { stdout } = await merge("flags", ...flags, "--json");
    const { run, output } = JSON.parse(stdout) as MergeReport;
    assert.equal(run.workers, 2);
    assert.equal(run.tileBytes, 8192);
    assert.ok(output.shardCount > 1);
    for (const { dtype } of readWeights(inFolder("flags")).values()) assert.equal(dtype, "F32");
  });

  it("refuses a folder that holds something, and takes it with --force", async () => {
    await mkdir(inFolder("full"));
    await writeFile(inFolder("full", "notes.txt"), "mine");
    const { status, stderr } = await merge("full");
    assert.equal(status, 8);
    assert.match(stderr, /SINK_EXISTS .*notes\.txt/);
    assert.deepEqual(readdirSync(inFolder("full")), ["notes.txt"]);
    assert.equal((await merge("full", "--force", "--quiet")).status, 0);
    assert.equal(readFileSync(inFolder("full", "notes.txt"), "utf8"), "mine");
  });

  it("shows all mistakes of a recipe with their places, and writes nothing", async () => {
    const wrong = inFolder("wrong.yml");
    await writeFile(
      wrong,
      "merge_method: linear\nmodels:\n  - model: ./models/ft1\n    parameters: {wieght: 1}\ndtyp: float32\n",
    );
    const { status, stdout, stderr } = await runCli(["merge", wrong, inFolder("never")]);
    assert.equal(status, 3);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /wrong\.yml:4:18 {2}RECIPE_UNKNOWN_PARAMETER .*Did you mean "weight"\?\n.*\n +\| +\^{6}\n/,
    );
    assert.match(stderr, /wrong\.yml:5:1 {2}RECIPE_UNKNOWN_KEY .*Did you mean "dtype"\?/);
    assert.ok(!readdirSync(inFolder()).includes("never"));
  });

  it("warns with --lenient where it would refuse", async () => {
    const odd = inFolder("odd.yml");
    await writeFile(odd, `${readFileSync(recipe(), "utf8")}notes: my own\n`);
    assert.equal((await runCli(["merge", odd, inFolder("odd")])).status, 3);
    const { status, stdout, stderr } = await runCli(["merge", odd, inFolder("odd"), "--lenient"]);
    assert.equal(status, 0);
    assert.match(stdout, /\nDone in /);
    assert.match(stderr, /odd\.yml:6:1 {2}RECIPE_UNKNOWN_KEY {2}"notes"/);
  });

  it("refuses values that cannot be meant, with what it expects", async () => {
    for (const [flag, value, expected] of [
      ["--workers", "0", /whole number from 1 to 256/],
      ["--out-shard-size", "5 cats", /KiB/],
      ["--dtype", "float15", /float32, float16, bfloat16/],
    ] as const) {
      const { status, stderr } = await merge("never", flag, value);
      assert.equal(status, 2, flag);
      assert.match(stderr, expected);
    }
  });
});

describe("stockpot plan", () => {
  const inFolder = useTemporaryFolder();

  it("shows kinds and tensors, layers that are treated alike on one line", async () => {
    const { status, stdout } = await runCli(["plan", "recipes/glyphs-overrides.yml"]);
    assert.equal(status, 0);
    assert.match(stdout, /\n {2}method {3}model_stock 67, passthrough 4, linear 2\n/);
    assert.match(stdout, /\n {2}bias +24 +2\.30K +9\.22 kB {2}model_stock 20, passthrough 4\n/);
    assert.match(
      stdout,
      /layers\.\*\.mlp\.fc1\.weight +F32 +\[256, 64\] +layers 0-1 +model_stock +granularity row\n/,
    );
    assert.match(stdout, /layers\.\*\.self_attn\.k_proj\.bias +F32 +\[64\] +layers 0-3 +copy\n/);
  });

  it("prints the plan itself with --json", async () => {
    const { stdout } = await runCli(["plan", "recipes/glyphs-slerp.yml", "--json", "--dtype", "bfloat16"]);
    const plan = JSON.parse(stdout) as MergePlan;
    assert.equal(plan.tensors.length, 73);
    assert.ok(plan.tensors.every(({ dtype, method }) => dtype === "BF16" && method === "slerp"));
  });

  it("names a model that is not there, and the nearest one that is", async () => {
    const recipe = inFolder("recipe.yml");
    await writeFile(recipe, "merge_method: passthrough\nmodels: [{model: ./demo/glyphs/ft11}]\n");
    const { status, stderr } = await runCli(["plan", recipe]);
    assert.equal(status, 4);
    assert.match(stderr, /SOURCE_NOT_FOUND .*\n {2}Did you mean "demo\/glyphs\/ft1"\?/);
  });
});

describe("stockpot inspect", () => {
  const inFolder = useTemporaryFolder();

  it("describes a model, layers that are alike on one line", async () => {
    const { status, stdout } = await runCli(["inspect", "demo/glyphs/base"]);
    assert.equal(status, 0);
    assert.match(stdout, /architecture {2}CLIPForImageClassification \(clip\)\n/);
    assert.match(stdout, /parameters {4}207K \(206,820\)\n/);
    assert.match(stdout, /layers\.\*\.mlp\.fc1\.weight +MLP +F32 +\[256, 64\] +262 kB {2}layers 0-3\n/);
  });

  it("lists damage on standard error and ends with the status of damaged files", async () => {
    await writeTinyFamily(inFolder(), { fineTunes: 1 });
    const bytes = readFileSync(inFolder("ft1", "model.safetensors"));
    await writeFile(inFolder("ft1", "model.safetensors"), bytes.subarray(0, bytes.length - 100));
    const { status, stdout, stderr } = await runCli(["inspect", inFolder("ft1"), "--json"]);
    assert.equal(status, 5);
    assert.match(stderr, /FORMAT_/);
    assert.equal((JSON.parse(stdout) as { problems: unknown[] }).problems.length, 1);
  });
});

describe("stockpot schema", () => {
  it("prints the schema that the repository ships for editors", async () => {
    const { stdout } = await runCli(["schema"]);
    assert.equal(stdout, readFileSync("schemas/recipe.schema.json", "utf8"));
  });
});
