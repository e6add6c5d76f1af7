import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { inspectModel } from "../../src/sources/inspect.ts";
import { runCli } from "../cli/captured-io.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";

const inspect = async (path: string) => await inspectModel(path, { searchFrom: ["."] });

describe("inspectModel", () => {
  const inFolder = useTemporaryFolder();

  it("sums up a model as its publisher describes it", async () => {
    // demo/glyphs/README.md: CLIPForImageClassification, four layers, 73 tensors of F32.
    const model = await inspect("demo/glyphs/base");
    assert.deepEqual(model.architectures, ["CLIPForImageClassification"]);
    assert.equal(model.modelType, "clip");
    assert.equal(model.layerCount, 4);
    assert.deepEqual(model.stacks, [{ prefix: "vision_model.encoder.layers", layerCount: 4 }]);
    const { size } = await stat("demo/glyphs/base/model.safetensors");
    assert.deepEqual(model.files, [{ name: "model.safetensors", byteLength: size, tensorCount: 73 }]);
    assert.deepEqual(model.dtypes, [
      {
        dtype: "F32",
        tensorCount: 73,
        parameterCount: model.parameterCount,
        byteLength: 4 * model.parameterCount,
      },
    ]);
    const header = (await readFile("demo/glyphs/base/model.safetensors")).readBigUInt64LE(0);
    assert.equal(model.byteLength, size - 8 - Number(header));
    assert.deepEqual(model.tie, { tied: false });
    assert.deepEqual(model.problems, []);
    const classifier = model.tensors.find(({ name }) => name === "classifier.weight");
    assert.deepEqual(classifier, {
      name: "classifier.weight",
      dtype: "F32",
      shape: [36, 64],
      kind: "head",
      byteLength: 36 * 64 * 4,
      file: "model.safetensors",
    });
    assert.deepEqual(JSON.parse(JSON.stringify(model)), model);
  });

  it("tells tied from untied language heads", async () => {
    const tie = async (architecture: "llama" | "llama-tied" | "gpt2" | "clip") => {
      await writeTinyFamily(inFolder(architecture), { architecture, fineTunes: 1 });
      return (await inspect(inFolder(architecture, "base"))).tie;
    };
    const embedding = "model.embed_tokens.weight";
    assert.deepEqual(await tie("llama"), { tied: false, stated: false, embedding, head: "lm_head.weight" });
    assert.deepEqual(await tie("llama-tied"), { tied: true, stated: true, embedding });
    const { tied, head } = await tie("gpt2");
    assert.deepEqual({ tied, head }, { tied: true, head: undefined });
    assert.equal((await tie("clip")).tied, false);
  });

  it("shows the sound shards of a damaged model, and all the damage", async () => {
    await writeTinyFamily(inFolder("damaged"), { fineTunes: 1, shards: 4 });
    const folder = inFolder("damaged", "base");
    const whole = await inspect(folder);
    const shard = (k: number) => `model-0000${k}-of-00004.safetensors`;
    const bytes = await readFile(inFolder("damaged", "base", shard(2)));
    await writeFile(inFolder("damaged", "base", shard(2)), bytes.subarray(0, -10));
    await writeFile(inFolder("damaged", "base", shard(3)), "");
    await writeFile(inFolder("damaged", "base", "config.json"), "{,}");
    const model = await inspect(folder);
    assert.deepEqual(model.problems.map(({ code }) => code).sort(), [
      "FORMAT_TRUNCATED",
      "FORMAT_TRUNCATED",
      "SOURCE_CONFIG",
    ]);
    assert.deepEqual(
      model.tensors,
      whole.tensors.filter(({ file }) => file === shard(1) || file === shard(4)),
    );
  });

  it("has nothing to say of a path without a model", async () => {
    await assert.rejects(inspect("demo/glyphs/bsae"), { code: "SOURCE_NOT_FOUND" });
  });

  describe("of an adapter", () => {
    const config = {
      peft_type: "LORA",
      r: 16,
      lora_alpha: 32,
      target_modules: ["q_proj", "v_proj"],
      base_model_name_or_path: "org/base",
    };
    const adapter = async (name: string, text: string) => {
      await mkdir(inFolder(name), { recursive: true });
      const names = ["lora_A", "lora_B"].map(
        (each) => `base_model.model.model.layers.0.q_proj.${each}.weight`,
      );
      const tensors = names.map((each) => [each, { dtype: "F32", shape: [1, 1], values: [1] }] as const);
      await writeFile(
        inFolder(name, "adapter_model.safetensors"),
        encodeSafetensors(Object.fromEntries(tensors)),
      );
      await writeFile(inFolder(name, "adapter_config.json"), text);
      return inFolder(name);
    };

    it("says rank, alpha, targets and the model that it was trained on", async () => {
      const path = await adapter("lora", JSON.stringify(config));
      const model = await inspect(path);
      assert.deepEqual(model.adapter, {
        type: "LORA",
        rank: 16,
        alpha: 32,
        rankStabilized: false,
        decomposed: false,
        targets: ["q_proj", "v_proj"],
        base: "org/base",
      });
      assert.deepEqual([model.problems, model.tensors.length], [[], 2]);
      const { stdout } = await runCli(["inspect", path]);
      assert.match(
        stdout,
        /\n {2}adapter +LoRA of rank 16, alpha 32, at q_proj, v_proj; trained on org\/base\n/,
      );
    });

    it("takes a pattern for the targets, and names the variants", async () => {
      const variant = { ...config, target_modules: "all-linear", use_rslora: true, use_dora: true };
      const path = await adapter("variant", JSON.stringify(variant));
      const { adapter: found } = await inspect(path);
      assert.deepEqual(
        [found?.targets, found?.rankStabilized, found?.decomposed],
        [["all-linear"], true, true],
      );
      const { stdout } = await runCli(["inspect", path]);
      assert.match(
        stdout,
        /LoRA with magnitudes apart \(DoRA\) of rank 16, alpha 32 over the root of the rank, at all/,
      );
    });

    it("lists a damaged config as a problem", async () => {
      const { adapter: found, problems } = await inspect(await adapter("damaged", '{"r": 1,'));
      assert.equal(found, undefined);
      assert.deepEqual(
        problems.map(({ code }) => code),
        ["SOURCE_CONFIG"],
      );
    });
  });
});
