import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { isMergeError } from "../../src/errors.ts";
import { estimateResources, merge, plan, verify } from "../../src/index.ts";
import type { MergeOptions } from "../../src/index.ts";
import type { HubSettings } from "../../src/hub/environment.ts";
import type { LockFile } from "../../src/lock/lock-file.ts";
import { fixtureTensor, writeAdapter, writeModel } from "../fixtures/adapters.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { bpeFiles } from "../merge/token-merges.ts";
import { writeTokenModel } from "../merge/token-models.ts";
import { useHub } from "./use-hub.ts";

const MODULE = "base_model.model.model.layers.0.q";
/** Weights of 32 KB: planning reads less of them. */
const [OUT, IN, RANK] = [200, 300, 16];
const WEIGHTS = "adapter_model.safetensors";
const recipe = (model: string) => ({ text: `merge_method: passthrough\nmodels: [{model: ${model}}]\n` });

describe("Adapters of the Hub", () => {
  const inFolder = useTemporaryFolder();
  const used = useHub();
  const fileOf = (folder: string, name: string) => readFileSync(inFolder(folder, name));
  const run = async (model: string, out: string, hub: HubSettings, more: Partial<MergeOptions> = {}) => {
    await merge({ recipe: recipe(model), cwd: inFolder(), out, hub, force: true, ...more });
    return await readFile(inFolder(out, "model.safetensors"));
  };

  before(() => {
    writeModel(inFolder("model"), { "model.layers.0.q.weight": fixtureTensor("q", [OUT, IN], "BF16") });
    for (const [name, scale] of [
      ["old", 0.1],
      ["new", 0.9],
    ] as const) {
      writeAdapter(
        inFolder(name),
        {},
        {
          [`${MODULE}.lora_A.weight`]: fixtureTensor("A", [RANK, IN], "F32", scale),
          [`${MODULE}.lora_B.weight`]: fixtureTensor("B", [OUT, RANK], "F32", scale),
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

  it("are planned from their headers, and downloaded with progress when they are merged", async () => {
    const hub = await used.settings();
    const byteLength = fileOf("new", WEIGHTS).length;
    used.hub.reset();
    const planned = await plan({ recipe: recipe("model+org/lora"), cwd: inFolder(), hub });
    assert.ok(used.hub.traffic.sentBytes(WEIGHTS) <= 16_384 && byteLength > 30_000);
    const config = fileOf("new", "adapter_config.json").length;
    const { adapterHub } = planned.models[0] ?? assert.fail();
    assert.deepEqual([adapterHub?.byteLength, adapterHub?.cachedBytes], [byteLength + config, 0]);
    assert.equal((await estimateResources(planned, { hub })).downloadBytes, byteLength + config);
    const progress: number[] = [];
    const onDownload = ({ totalBytes }: { totalBytes: number }) => progress.push(totalBytes);
    const merged = await run("model+org/lora", "f", hub, { onDownload });
    assert.equal(progress.at(-1), byteLength);
    assert.deepEqual(merged, await run("model+new", "g", hub));
    const after = await plan({ recipe: recipe("model+org/lora"), cwd: inFolder(), hub });
    assert.equal(after.models[0]?.adapterHub?.cachedBytes, byteLength + config);
  });

  it("are stored though models are not, which changes no byte", async () => {
    const hub = await used.settings();
    const expected = await run("model+new", "h", hub);
    assert.deepEqual(await run("org/model+org/lora", "i", hub, { noStore: true }), expected);
    assert.deepEqual(await run("model+org/lora", "i", await used.settings(), { noStore: true }), expected);
  });

  it("may lie in the repository of a model, which is brought as well", async () => {
    const files = (folder: string, ...names: string[]) =>
      Object.fromEntries(names.map((name) => [name, fileOf(folder, name)]));
    used.hub.commit("org/both", {
      ...files("model", "config.json", "model.safetensors"),
      ...files("old", "adapter_config.json", WEIGHTS),
    });
    const merged = async (models: readonly string[], out: string) => {
      const list = models.map((model) => `{model: ${model}}`).join(", ");
      const text = `merge_method: linear\nmodels: [${list}]\nparameters: {weight: 0.5}\n`;
      await merge({
        recipe: { text },
        cwd: inFolder(),
        out: inFolder(out),
        hub: await used.settings(),
        force: true,
      });
      return await readFile(inFolder(out, "model.safetensors"));
    };
    const expected = await merged(["model", "model+old"], "twins-here");
    for (const models of [
      ["org/both", "model+org/both"],
      ["org/both", "org/both+org/both"],
    ])
      assert.deepEqual(await merged(models, "twins"), expected);
  });

  it("bring the tokenizer that their training added tokens to", async () => {
    const { tensors } = await writeTokenModel(inFolder(), "grown", { files: bpeFiles("a b c d") });
    const embedding = "model.embed_tokens.weight";
    const shape = [6, tensors[embedding]?.shape[1] ?? NaN];
    const saved = Object.fromEntries(
      [embedding, "lm_head.weight"].map((name) => [
        `base_model.model.${name}`,
        fixtureTensor(name, shape, "F32"),
      ]),
    );
    writeAdapter(inFolder("added"), { modules_to_save: ["embed_tokens", "lm_head"] }, saved);
    const tokenizer = bpeFiles("a b c d", "<x> <y>");
    for (const [name, text] of Object.entries(tokenizer)) await writeFile(inFolder("added", name), text);
    const all = (folder: string) =>
      Object.fromEntries(readdirSync(inFolder(folder)).map((name) => [name, fileOf(folder, name)]));
    used.hub.commit("org/grown", all("grown"));
    used.hub.commit("org/added", { ...all("added"), "optimizer.pt": Buffer.alloc(100) });
    const hub = await used.settings();
    const expected = await run("grown+added", "grown-here", hub);
    for (const noStore of [true, false]) {
      assert.deepEqual(await run("org/grown+org/added", "grown-hub", hub, { noStore }), expected);
      const text = await readFile(inFolder("grown-hub", "tokenizer.json"), "utf8");
      assert.equal(text, tokenizer["tokenizer.json"]);
    }
    assert.equal(used.hub.traffic.sentBytes("optimizer.pt"), 0);
    const { problems, replanned } = await verify({ out: "grown-hub", cwd: inFolder(), hub });
    assert.deepEqual([problems, replanned], [[], true]);
  });

  describe("in a lock file", () => {
    const lockOf = async (out: string) =>
      JSON.parse(await readFile(inFolder(out, "stockpot.lock.json"), "utf8")) as LockFile;
    const filesOf = (folder: string) =>
      Object.fromEntries(["adapter_config.json", WEIGHTS].map((name) => [name, fileOf(folder, name)]));

    for (const model of ["model+org/pinned", "org/model+org/pinned"]) {
      it(`are pinned to their commit in ${model}, whose branch may move`, async () => {
        const commit = used.hub.commit("org/pinned", filesOf("old"));
        const hub = await used.settings();
        const before = await run(model, "pinned", hub);
        const lock = await lockOf("pinned");
        assert.deepEqual(lock.inputs[0]?.adapter, {
          reference: "org/pinned",
          repo: "org/pinned",
          revision: commit,
        });
        assert.equal(lock.inputs[0].repo, model.startsWith("org/") ? "org/model" : undefined);
        const card = await readFile(inFolder("pinned", "README.md"), "utf8");
        assert.ok(card.includes(`| \`${model}\` | \`${commit}\` | \`${WEIGHTS}\` |`));
        const names = lock.inputs[0].files.map(({ name }) => name);
        assert.deepEqual(names, ["model.safetensors", "config.json", WEIGHTS, "adapter_config.json"]);
        used.hub.commit("org/pinned", filesOf("new"));
        const locked = inFolder("pinned");
        for (const settings of [hub, await used.settings()]) {
          assert.deepEqual(await run(model, "again", settings, { locked }), before);
          assert.deepEqual(await lockOf("again"), lock);
        }
        assert.notDeepEqual(await run(model, "moved", hub), before);
        // The branch in the cache is the new one; the output is still what its own inputs give.
        const { problems, replanned } = await verify({ out: "pinned", cwd: inFolder(), hub });
        assert.deepEqual([problems, replanned], [[], true]);
      });
    }

    it("are known again where the cache has copies in place of links", async () => {
      used.hub.commit("org/pinned", filesOf("old"));
      const hub = await used.settings({ symlinks: false });
      await run("org/model+org/pinned", "copies", hub);
      const { problems, replanned } = await verify({ out: "copies", cwd: inFolder(), hub });
      assert.deepEqual([problems, replanned], [[], true]);
    });

    it("are refused where the locked commit has other files", async () => {
      used.hub.commit("org/pinned", filesOf("old"));
      const hub = await used.settings();
      await run("model+org/pinned", "pinned", hub);
      const lock = await lockOf("pinned");
      const [input] = lock.inputs;
      const files = input?.files.map((file) =>
        file.name === "adapter_config.json" ? { ...file, oid: "0".repeat(40) } : file,
      );
      const changed = JSON.stringify({ ...lock, inputs: [{ ...input, files }] });
      await writeFile(inFolder("pinned", "stockpot.lock.json"), changed);
      await assert.rejects(run("model+org/pinned", "again", hub, { locked: inFolder("pinned") }), (error) =>
        isMergeError(error, "VERIFY_INPUT"),
      );
    });

    it("are the subject of a warning when their branch moves during the merge", async () => {
      used.hub.commit("org/pinned", filesOf("old"));
      const hub = await used.settings();
      let now = "";
      const report = await merge({
        ...{ recipe: recipe("model+org/pinned"), cwd: inFolder(), out: "news", hub, force: true },
        onPlan: () => void (now = used.hub.commit("org/pinned", filesOf("new"))),
      });
      assert.match(
        report.warnings.map(({ message }) => message).join(),
        new RegExp(`main of org/pinned has moved to commit ${now}`),
      );
    });
  });
});
