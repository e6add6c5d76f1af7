import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { MERGEKIT_OPTIONS } from "../../src/cli/mergekit-options.ts";
import { negatedFlags } from "../../src/cli/option-row.ts";
import type { OptionRow } from "../../src/cli/option-row.ts";
import type { MergePlan, MergeReport } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { makeTinyFamily, writeTinyFamily, writeTinyModel } from "../fixtures/tiny-models.ts";
import { runCli } from "./captured-io.ts";

/** The shared flags of mergekit's programs, and those of mergekit-multi, with the values that its documentation shows. */
const DOCUMENTED = [
  "--allow-crimes",
  "--no-allow-crimes",
  "--transformers-cache ./cache",
  "--lora-merge-cache ./cache",
  "--lora-merge-dtype float16",
  "--cuda",
  "--no-cuda",
  "--device cuda:0",
  "--low-cpu-memory",
  "--read-to-gpu",
  "--multi-gpu",
  "--gpu-rich",
  "--out-shard-size 5B",
  "--out-shard-size 1000000",
  "--out-shard-size 0",
  "--out-shard-size -1",
  "--copy-tokenizer",
  "--no-copy-tokenizer",
  "--clone-tensors",
  "--trust-remote-code",
  "--random-seed 1",
  "--lazy-unpickle",
  "--write-model-card",
  "--no-write-model-card",
  "--safe-serialization",
  "--no-safe-serialization",
  "-v",
  "-vv",
  "--quiet",
  "--num-threads 2",
  "-j 2",
  "--async-write",
  "--write-threads 2",
  "--unsafe-truncate-embeddings",
  "--tensor-intersection",
  "-i",
  "--tensor-union",
  "-u",
  "--intermediate-dir parts",
  "-I parts",
  "--lazy",
  "--no-lazy",
];
/** Those that do what they say. */
const DOES =
  /^(?:--out-shard-size|--(?:no-)?copy-tokenizer|--random-seed|--(?:no-)?write-model-card|--quiet|--num-threads|-j|--unsafe|--tensor|-i|-u|--intermediate-dir|-I|--transformers-cache|-v)/;

const CARD = ["README.md", "mergekit_config.yml"];

describe("mergekit's flags", () => {
  const inFolder = useTemporaryFolder();
  const recipe = () => inFolder("recipe.yml");
  const run = (out: string, ...flags: string[]) => runCli(["merge", recipe(), inFolder(out), ...flags]);
  const json = async <T = MergeReport>(...args: string[]) =>
    JSON.parse((await runCli([...args, "--json"])).stdout) as T;

  before(async () => {
    await writeTinyFamily(inFolder("models"), { fineTunes: 2 });
    await writeFile(
      recipe(),
      "merge_method: linear\nmodels: [{model: ./models/ft1}, {model: ./models/ft2}]\nparameters: {weight: 1}\n",
    );
  });

  for (const [position, flag] of DOCUMENTED.entries()) {
    const says = DOES.test(flag) ? "done" : "said in one line to need no doing";
    it(`are accepted, and ${says}: ${flag}`, async () => {
      const words = flag
        .split(" ")
        .map((word) => (word === "parts" ? inFolder("parts", String(position)) : word));
      const { status, stderr } = await run(`out${position}`, ...words);
      assert.equal(status, 0, stderr);
      assert.ok(readdirSync(inFolder(`out${position}`)).includes("model.safetensors"));
      if (DOES.test(flag)) assert.equal(stderr, "");
      else assert.match(stderr, /^--[a-z-]+ needs no doing: .{20,}\.\n$/);
    });
  }

  it("are all in the list that this test runs", () => {
    const flags = Object.values<OptionRow>(MERGEKIT_OPTIONS).flatMap(({ flags: own, negated }) => {
      const [long = ""] = /--[\w-]+/.exec(own) ?? [];
      return negated === undefined ? [long] : [long, negatedFlags(long)];
    });
    const run = DOCUMENTED.map((flag) => flag.split(" ")[0]);
    const outPath = "--out-path";
    const verbose = "--verbose";
    assert.deepEqual(
      flags.filter((flag) => !run.includes(flag)),
      [outPath, verbose],
    );
  });

  it("work together, as people write them", async () => {
    const words =
      "--copy-tokenizer --out-shard-size 5B --random-seed 1 --lazy-unpickle --allow-crimes --trust-remote-code --cuda -v";
    const { status, stderr } = await run("all", ...words.split(" "));
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      stderr.split("\n").map((line) => line.split(" ")[0]),
      ["--allow-crimes", "--cuda", "--lazy-unpickle", "--trust-remote-code", ""],
    );
    assert.equal((await run("silent", "--cuda", "--quiet")).stderr, "");
  });

  it("leave tokenizer and model card out where that is asked for", async () => {
    const filesOf = async (...flags: string[]) => {
      const { files } = await json("merge", recipe(), inFolder(`files${flags.join("")}`), ...flags);
      return files.map(({ name }) => name);
    };
    const all = await filesOf();
    assert.ok(all.includes("tokenizer_config.json") && CARD.every((name) => all.includes(name)));
    const without = (names: readonly string[]) => all.filter((name) => !names.includes(name));
    assert.deepEqual(await filesOf("--no-copy-tokenizer"), without(["tokenizer_config.json"]));
    assert.deepEqual(await filesOf("--no-write-model-card"), without(CARD));
  });

  it("set the number of workers, the seed, one file for any size, and the output", async () => {
    const report = await json("merge", recipe(), "--out-path", inFolder("by-flag"), "-j", "3");
    assert.equal(report.run.workers, 3);
    assert.equal(report.out, inFolder("by-flag"));
    const plan = await json<MergePlan>("plan", recipe(), "--random-seed", "7", "--out-shard-size", "0");
    assert.equal(plan.seed, 7);
    assert.equal(plan.output.shards.length, 1);
    for (const bad of [
      ["--random-seed", "x"],
      ["--write-threads", "1.5"],
      ["-j", "0"],
    ]) {
      assert.equal((await run("never", ...bad)).status, 2);
    }
    const both = await run("never", "-i", "-u");
    assert.match(both.stderr, /^USAGE {2}--tensor-intersection and --tensor-union exclude each other/);
    const twice = await run("never", "--out-path", inFolder("other"));
    assert.match(twice.stderr, /^USAGE {2}OUT is given twice/);
    assert.match((await runCli(["merge", recipe()])).stderr, /^USAGE {2}Missing required argument 'OUT'/);
  });

  it("need no output where mergekit-multi needs none: all recipes have names, and all results are kept", async () => {
    const named = "merge_method: linear\nparameters: {weight: 1}\nmodels: ";
    const file = inFolder("named.yml");
    await writeFile(
      file,
      `name: first\n${named}[{model: ./models/ft1}, {model: ./models/ft2}]\n---\n` +
        `name: second\n${named}[{model: first}, {model: ./models/ft1}]\n`,
    );
    const { status, stdout, stderr } = await runCli(["merge", file, "-I", inFolder("named")]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(inFolder("named")).sort(), ["first", "second"]);
    assert.ok(stdout.includes(`Written to ${inFolder("named", "second")}\n`), stdout);
    assert.ok(readdirSync(inFolder("named", "second")).includes("model.safetensors"));
    const unnamed = await runCli(["merge", recipe(), "-I", inFolder("unnamed")]);
    assert.match(unnamed.stderr, /^USAGE {2}Missing required argument 'OUT'\n {2}Only a recipe with a name/);
    assert.equal(unnamed.status, 2);
  });

  it("cut embeddings to the shortest, say what is lost, and correct the config", async () => {
    const [, ft1, ft2] = makeTinyFamily({ fineTunes: 2 }).models;
    assert.ok(ft1 && ft2);
    // Four more rows than the 32 of ft1, in both of its matrices with a row for each token.
    const longer = Object.entries(ft2.tensors).map(([name, tensor]) => {
      if (tensor.shape[0] !== 32) return [name, tensor] as const;
      const width = tensor.shape[1] ?? 0;
      return [
        name,
        {
          ...tensor,
          shape: [36, width],
          values: [...Array.from(tensor.values), ...Array<number>(4 * width).fill(9)],
        },
      ] as const;
    });
    await writeTinyModel(inFolder("vocab", "short"), ft1);
    await writeTinyModel(inFolder("vocab", "long"), {
      ...ft2,
      config: { ...ft2.config, vocab_size: 36 },
      tensors: Object.fromEntries(longer),
    });
    const file = inFolder("vocab", "recipe.yml");
    await writeFile(
      file,
      "merge_method: linear\nmodels: [{model: ./long}, {model: ./short}]\nparameters: {weight: 1}\n",
    );
    const refused = await runCli(["plan", file]);
    assert.match(refused.stderr, /PLAN_SHAPE[\s\S]*--unsafe-truncate-embeddings/);
    const out = inFolder("vocab", "out");
    const { status, stderr } = await runCli(["merge", file, out, "--unsafe-truncate-embeddings"]);
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /PLAN_TRUNCATED {2}The last 4 of the 36 rows of "lm_head\.weight" and "model\.embed_tokens\.weight" in \.\/long/,
    );
    const config = JSON.parse(readFileSync(inFolder("vocab", "out", "config.json"), "utf8")) as {
      vocab_size: number;
    };
    assert.equal(config.vocab_size, 32);
    const [a, b] = [ft1, ft2].map(({ tensors }) => tensors["model.embed_tokens.weight"]?.values ?? []);
    const merged = readWeights(out).get("model.embed_tokens.weight");
    assert.deepEqual(merged?.shape, [32, 16]);
    merged.values.forEach((value, i) => {
      assert.ok(Math.abs(value - ((a?.[i] ?? NaN) + (b?.[i] ?? NaN)) / 2) < 1e-6);
    });
  });
});
