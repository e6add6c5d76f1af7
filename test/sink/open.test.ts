import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ErrorCode } from "../../src/errors.ts";
import { isMergeError } from "../../src/errors.ts";
import type { ModelHeaders } from "../../src/sources/types.ts";
import { openSink } from "../../src/sink/open.ts";
import { Staging } from "../../src/sink/staging.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { DONOR_FILES, smallPlan, writeDonor, writeTensors } from "./small-plan.ts";
import type { SmallPlanOptions } from "./small-plan.ts";

const RECIPE = "models: []  # as written\n";

const withCode =
  (code: ErrorCode, text = "") =>
  (error: unknown) =>
    isMergeError(error, code) && error.message.includes(text);

const asMap = (model: ModelHeaders) => new Map([[model.reference, model]]);

/** All files below a folder, with slashes on every system. */
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();

describe("the sink", () => {
  const inFolder = useTemporaryFolder();
  let count = 0;

  /** A fresh folder with a donor in `base` and an output folder that does not exist yet. */
  async function setUp(planOptions: Partial<SmallPlanOptions> = {}, donorFiles?: Record<string, string>) {
    const root = inFolder(`case-${String(count++)}`);
    const donor = await writeDonor(join(root, "base"), donorFiles);
    const plan = smallPlan({ donor: join(root, "base"), ...planOptions });
    const open = (out: string, force = false) =>
      openSink(out, plan, { force, models: asMap(donor), recipeText: RECIPE });
    return { root, out: join(root, "out"), plan, donor, open };
  }

  async function mergeInto(out: string, setup: Awaited<ReturnType<typeof setUp>>, force = false) {
    const sink = await setup.open(out, force);
    await writeTensors(setup.plan, sink.shardPaths);
    return await sink.commit();
  }

  it("writes one file of weights, and lists every file with its size and origin", async () => {
    const setup = await setUp();
    const files = await mergeInto(setup.out, setup);
    const sizes = Object.fromEntries(files.map(({ name, byteLength }) => [name, byteLength]));
    for (const [name, size] of Object.entries(sizes)) {
      assert.equal((await stat(join(setup.out, name))).size, size, name);
    }
    assert.deepEqual(
      files.map(({ name, role }) => [name, role]),
      [
        ["config.json", "config"],
        ["1_Pooling/config.json", "copied"],
        ["chat_template.jinja", "copied"],
        ["tokenizer.json", "copied"],
        ["mergekit_config.yml", "made"],
        ["README.md", "made"],
        ["model.safetensors", "weights"],
      ],
    );
    assert.deepEqual(filesIn(setup.out), Object.keys(sizes).sort());
    assert.deepEqual([...(readWeights(setup.out).get("model.layers.0.mlp.weight")?.values ?? [])], [0, 0.5]);
    const text = (name: string) => readFile(join(setup.out, name), "utf8");
    assert.equal(await text("mergekit_config.yml"), RECIPE);
    assert.equal(await text("config.json"), DONOR_FILES["config.json"]);
    for (const name of ["chat_template.jinja", "1_Pooling/config.json"] as const) {
      assert.equal(await text(name), DONOR_FILES[name]);
    }
    assert.match(await text("README.md"), /^---\nbase_model:\n/);
  });

  it("writes shards and, last, an index that any reader follows to the same tensors", async () => {
    const setup = await setUp({ shards: 3 });
    const files = await mergeInto(setup.out, setup);
    assert.deepEqual(
      files.slice(-4).map(({ name, role }) => [name, role]),
      [
        ["model-00001-of-00003.safetensors", "weights"],
        ["model-00002-of-00003.safetensors", "weights"],
        ["model-00003-of-00003.safetensors", "weights"],
        ["model.safetensors.index.json", "index"],
      ],
    );
    const weights = readWeights(setup.out);
    assert.deepEqual(
      [...weights].map(([name, { values }]) => [name, ...values]),
      [0, 1, 2].map((k) => [`model.layers.${String(k)}.mlp.weight`, k, k + 0.5]),
    );
    const index: unknown = JSON.parse(
      await readFile(join(setup.out, "model.safetensors.index.json"), "utf8"),
    );
    assert.deepEqual(index, {
      metadata: { total_size: 24 },
      weight_map: Object.fromEntries(
        setup.plan.tensors.map(({ name, shard }) => [name, files.slice(-4)[shard]?.name]),
      ),
    });
  });

  it("reports the keys of config.json that it edited", async () => {
    const edits = { configDtype: "BF16", configEdits: { num_hidden_layers: 4 } } as const;
    const setup = await setUp({ edits });
    const [config] = await mergeInto(setup.out, setup);
    assert.deepEqual(config?.edited, ["dtype", "num_hidden_layers"]);
    assert.equal(
      await readFile(join(setup.out, "config.json"), "utf8"),
      '{\n  "dtype": "bfloat16",\n  "rope_theta": 10000.0,\n  "num_hidden_layers": 4\n}\n',
    );
  });

  it("writes no config.json for a donor without one", async () => {
    const setup = await setUp({}, { "vocab.txt": "a\n" });
    const files = await mergeInto(setup.out, setup);
    assert.deepEqual(
      files.map(({ name }) => name),
      ["vocab.txt", "mergekit_config.yml", "README.md", "model.safetensors"],
    );
  });

  it("shows no final name before it commits", async () => {
    const setup = await setUp({ shards: 2 });
    const sink = await setup.open(setup.out);
    await writeTensors(setup.plan, sink.shardPaths);
    for (const name of readdirSync(setup.out)) assert.match(name, /^\.stockpot-.*\.partial$/);
    assert.equal((await stat(sink.shardPaths[1] ?? "")).size, setup.plan.output.shards[1]?.byteLength);
    await sink.abort();
  });

  it("leaves nothing behind when aborted, not even the folders it made, however often it is told", async () => {
    const setup = await setUp({ shards: 2 });
    const sink = await setup.open(join(setup.out, "deep", "er"));
    await sink.abort();
    await sink.abort();
    assert.deepEqual(readdirSync(setup.root), ["base"]);
  });

  it("keeps a folder that was there, and what is in it, when aborted", async () => {
    const setup = await setUp();
    await mkdir(setup.out);
    await writeFile(join(setup.out, "notes.txt"), "mine");
    const sink = await setup.open(setup.out, true);
    await sink.abort();
    assert.deepEqual(readdirSync(setup.out), ["notes.txt"]);
  });

  it("removes nothing when aborted after the commit", async () => {
    const setup = await setUp();
    const sink = await setup.open(setup.out);
    const files = await sink.commit();
    await sink.abort();
    assert.equal(filesIn(setup.out).length, files.length);
  });

  it("refuses a folder that stands where a file must go", async () => {
    const setup = await setUp();
    await mkdir(join(setup.out, "model.safetensors"), { recursive: true });
    await assert.rejects(setup.open(setup.out, true), withCode("SINK_UNWRITABLE", "model.safetensors"));
    assert.deepEqual(readdirSync(setup.out), ["model.safetensors"]);
  });

  it("takes back the names it gave when one of them cannot be given", async () => {
    const setup = await setUp();
    const sink = await setup.open(setup.out);
    await mkdir(join(setup.out, "model.safetensors", "late"), { recursive: true });
    await assert.rejects(sink.commit(), withCode("SINK_UNWRITABLE", "model.safetensors"));
    await sink.abort();
    assert.deepEqual(readdirSync(setup.out), ["model.safetensors"]);
  });

  it("refuses a folder that is not empty, and names what is in it", async () => {
    const setup = await setUp();
    await mkdir(setup.out);
    await writeFile(join(setup.out, "notes.txt"), "mine");
    await assert.rejects(setup.open(setup.out), withCode("SINK_EXISTS", "notes.txt"));
    assert.deepEqual(readdirSync(setup.out), ["notes.txt"]);
  });

  it("replaces an earlier merge when forced: stale shards and index go, other files stay", async () => {
    const earlier = await setUp({ shards: 3 });
    await mergeInto(earlier.out, earlier);
    await writeFile(join(earlier.out, "notes.txt"), "mine");
    await writeFile(join(earlier.out, "model-other.safetensors"), "not named as a shard");
    const later = await setUp({ shards: 1 });
    const files = await mergeInto(earlier.out, later, true);
    assert.deepEqual(
      filesIn(earlier.out),
      ["notes.txt", "model-other.safetensors", ...files.map(({ name }) => name)].sort(),
    );
    assert.equal(readWeights(earlier.out).size, 1);
  });

  it("keeps the earlier merge whole when a forced run is aborted", async () => {
    const setup = await setUp({ shards: 2 });
    await mergeInto(setup.out, setup);
    const before = readdirSync(setup.out);
    const sink = await setup.open(setup.out, true);
    await sink.abort();
    assert.deepEqual(readdirSync(setup.out), before);
    assert.equal(readWeights(setup.out).size, 2);
  });

  it("does not mind temporary files of a run that was killed, and clears them away in the end", async () => {
    const setup = await setUp();
    await mkdir(setup.out);
    const leftover = join(setup.out, ".stockpot-0123456789ab-4-model.safetensors.partial");
    await writeFile(leftover, "old");
    await utimes(leftover, new Date(0), new Date(0));
    await mergeInto(setup.out, setup);
    assert.equal(existsSync(leftover), false);
  });

  it("refuses an output folder that is an input, through a link too", async () => {
    const setup = await setUp();
    const base = join(setup.root, "base");
    await symlink(base, join(setup.root, "link"));
    for (const out of [base, `${base}/`, join(setup.root, "link"), join(base, "..", "base")]) {
      await assert.rejects(setup.open(out, true), withCode("SINK_IS_INPUT", "is the input"));
    }
    assert.deepEqual(filesIn(base), Object.keys(DONOR_FILES).sort());
  });

  it("refuses an output folder that contains an input or a file that an input links to", async () => {
    const setup = await setUp();
    await assert.rejects(setup.open(setup.root, true), withCode("SINK_IS_INPUT", "contains the input"));
    await mkdir(setup.out);
    await writeFile(join(setup.out, "model.safetensors"), "");
    await symlink(join(setup.out, "model.safetensors"), join(setup.root, "base", "linked.safetensors"));
    const file = { name: "linked.safetensors", path: join(setup.root, "base", "linked.safetensors") };
    const [base] = setup.plan.models;
    assert.ok(base);
    const linked = { ...base, files: [{ ...file, byteLength: 0, modifiedMs: 0 }] };
    const sink = openSink(
      setup.out,
      { ...setup.plan, models: [linked] },
      { force: true, models: asMap(setup.donor), recipeText: RECIPE },
    );
    await assert.rejects(sink, withCode("SINK_IS_INPUT", "linked.safetensors"));
  });

  it("allows a folder beside an input whose name begins alike", async () => {
    const setup = await setUp();
    await mergeInto(join(setup.root, "base2"), setup);
    assert.equal(readWeights(join(setup.root, "base2")).size, 1);
  });

  it("says that a file stands where the folder should be", async () => {
    const setup = await setUp();
    await writeFile(setup.out, "a file");
    await assert.rejects(setup.open(setup.out, true), withCode("SINK_UNWRITABLE", setup.out));
    await assert.rejects(setup.open(join(setup.out, "sub"), true), withCode("SINK_UNWRITABLE", setup.out));
    assert.equal(await readFile(setup.out, "utf8"), "a file");
  });

  it("refuses an output that the disk cannot hold before it writes anything", async () => {
    const setup = await setUp();
    const shards = setup.plan.output.shards.map((shard) => ({ ...shard, byteLength: 2 ** 60 }));
    const plan = { ...setup.plan, output: { ...setup.plan.output, shards } };
    const sink = openSink(setup.out, plan, { force: false, models: asMap(setup.donor), recipeText: RECIPE });
    const free = /needs 1,152,921,504,606,84\d,\d{3} bytes, but only [\d,]+ bytes are free/;
    await assert.rejects(sink, (error) => withCode("PLAN_DISK_SPACE")(error) && free.test(String(error)));
    assert.equal(existsSync(setup.out), false);
  });

  it("notices a plan whose offsets do not fit the header that it would write", async () => {
    const setup = await setUp();
    const shards = setup.plan.output.shards.map((shard) => ({ ...shard, headerByteLength: 8 }));
    const plan = { ...setup.plan, output: { ...setup.plan.output, shards } };
    const sink = openSink(setup.out, plan, { force: false, models: asMap(setup.donor), recipeText: RECIPE });
    await assert.rejects(sink, withCode("INTERNAL", "model.safetensors"));
    assert.equal(existsSync(setup.out), false);
  });

  it("fails before the weights are read when a small file of the donor cannot be read", async () => {
    const setup = await setUp();
    const sideFiles = [...setup.donor.sideFiles, { name: "gone.json", byteLength: 1 }];
    const donor = { ...setup.donor, sideFiles };
    const sink = openSink(setup.out, setup.plan, { force: false, models: asMap(donor), recipeText: RECIPE });
    await assert.rejects(sink, withCode("SOURCE_UNREADABLE", "gone.json"));
    assert.equal(existsSync(setup.out), false);
  });

  for (const name of ["../escaped", "/etc/escaped", "a/../../escaped", "..\\escaped", "C:escaped", "a\0b"]) {
    it(`refuses to write a file by the name ${JSON.stringify(name)}`, async () => {
      const { root, out } = await setUp();
      await mkdir(out);
      const staging = new Staging(out);
      await assert.rejects(staging.write(name, "x"), withCode("SINK_NAME", JSON.stringify(name)));
      await assert.rejects(staging.copy(name, join(root, "base", "config.json")), withCode("SINK_NAME"));
      assert.deepEqual(readdirSync(out), []);
    });
  }

  it("says that it may not write", async function () {
    const setup = await setUp();
    await mkdir(setup.out);
    await chmod(setup.out, 0o555);
    const writable = await writeFile(join(setup.out, "probe"), "").then(
      () => true,
      () => false,
    );
    // An administrator may write anywhere, and Windows has no such bits.
    if (writable) this.skip();
    await assert.rejects(setup.open(setup.out), withCode("SINK_UNWRITABLE", "Permission denied"));
  });
});
