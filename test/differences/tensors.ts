import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { MergeOptions } from "../../src/index.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { floats, LINEAR_AB, STOCK_AB } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

export const tensorsChecks = (at: Workplace): Checks => ({
  "integer and boolean tensors": async () => {
    const model = (values: number[]): FixtureTensors => ({
      w: floats([1, 2]),
      ids: { dtype: "I64", shape: [2], values },
      mask: { dtype: "BOOL", shape: [2], values: [0, 1] },
    });
    const folder = await at.modelsIn({ base: model([5, 6]), a: model([7, 8]), b: model([9, 9]) });
    const withBase = await at.run(folder, STOCK_AB);
    assert.deepEqual([...(withBase.weights.get("ids")?.values ?? [])], [5, 6]);
    assert.deepEqual(withBase.report.copied, ["ids", "mask"]);
    assert.ok(withBase.report.warnings.some(({ code }) => code === "PLAN_COPIED"));
    const withoutBase = await at.run(folder, LINEAR_AB, { out: "linear" });
    assert.deepEqual([...(withoutBase.weights.get("ids")?.values ?? [])], [7, 8]);
  },
  "tensor names": async () => {
    const tensors = { "engine.room.7.boiler": floats([2]), "bow.spirit": floats([4]) };
    const { weights } = await at.run(await at.modelsIn({ a: tensors, b: tensors }), LINEAR_AB);
    assert.deepEqual([...weights.keys()].sort(), Object.keys(tensors).sort());
  },
  "donor without a base model": async () => {
    const folder = await at.modelsIn({ a: { w: floats([1]) }, b: { w: floats([1]) } });
    for (const name of ["a", "b"]) await writeFile(`${folder}/${name}/notes.txt`, name);
    await at.run(folder, LINEAR_AB);
    assert.equal(readFileSync(`${folder}/out/notes.txt`, "utf8"), "a");
  },
  "other files": async () => {
    const folder = await at.modelsIn({
      base: { w: floats([1]) },
      a: { w: floats([2]) },
      b: { w: floats([3]) },
    });
    for (const name of ["chat_template.jinja", "preprocessor_config.json", "merges.txt"]) {
      await writeFile(`${folder}/base/${name}`, name);
    }
    await writeFile(`${folder}/base/pytorch_model.bin`, "weights");
    await at.run(folder, STOCK_AB);
    const own = [
      "README.md",
      "config.json",
      "mergekit_config.yml",
      "model.safetensors",
      "stockpot.lock.json",
    ];
    const carried = [
      "chat_template.jinja",
      "generation_config.json",
      "merges.txt",
      "preprocessor_config.json",
    ];
    const expected = [...own, ...carried, "tokenizer_config.json"];
    assert.deepEqual(readdirSync(`${folder}/out`).sort(), expected.sort());
  },
  "`--unsafe-truncate-embeddings`": async () => {
    const embedding = (rows: number) => ({
      "embed_tokens.weight": floats(Array<number>(rows).fill(rows), [rows, 1]),
    });
    const folder = await at.modelsIn({ a: embedding(4), b: embedding(2) }, { vocab_size: 4 });
    const { report, weights } = await at.run(folder, LINEAR_AB, { truncateEmbeddings: true });
    assert.deepEqual([...(weights.get("embed_tokens.weight")?.values ?? [])], [3, 3]);
    assert.deepEqual(
      report.warnings.map(({ code }) => code),
      ["PLAN_TRUNCATED"],
    );
    const config = JSON.parse(readFileSync(`${report.out}/config.json`, "utf8")) as { vocab_size: number };
    assert.equal(config.vocab_size, 2);
  },
  "tied weights": async () => {
    const embedding = (value: number) => ({ "model.embed_tokens.weight": floats([value, value], [1, 2]) });
    const head = { "lm_head.weight": floats([9, 9], [1, 2]) };
    const folder = await at.modelsIn({ a: embedding(1), b: embedding(3), own: { ...embedding(3), ...head } });
    for (const name of ["a", "b", "own"]) {
      const config = { architectures: ["LlamaForCausalLM"], tie_word_embeddings: name !== "own" };
      await writeFile(`${folder}/${name}/config.json`, JSON.stringify(config));
    }
    const tied = await at.run(folder, LINEAR_AB);
    assert.deepEqual([...tied.weights.keys()], Object.keys(embedding(1)));
    const untied = await at.run(folder, LINEAR_AB.replace("model: b", "model: own"), { out: "untied" });
    assert.deepEqual([...(untied.weights.get("lm_head.weight")?.values ?? [])], [5, 5]);
  },
  "one network with two namings": async () => {
    const model = (value: number, prefix = "") => ({
      [`${prefix}h.0.w`]: floats([value]),
      [`${prefix}h.1.w`]: floats([value]),
    });
    const folder = await at.modelsIn({ a: model(1), b: model(3, "transformer.") });
    const { report, weights } = await at.run(folder, LINEAR_AB);
    assert.deepEqual(
      [...weights].map(([name, { values }]) => [name, values[0]]),
      [
        ["h.0.w", 2],
        ["h.1.w", 2],
      ],
    );
    assert.deepEqual(
      report.warnings.map(({ code }) => code),
      ["PLAN_RENAMED"],
    );
  },
  "running statistics of batch normalisation": async () => {
    const folder = await at.modelsIn(
      Object.fromEntries(
        [
          ["base", 4],
          ["a", 1],
          ["b", 2],
        ].map(([name, value]) => [name, { "bn.running_var": floats([Number(value)]) }]),
      ),
    );
    const text = `merge_method: task_arithmetic\n${STOCK_AB}parameters: {weight: 2}\n`;
    const { report, weights } = await at.run(folder, text);
    // Task arithmetic would give 4 + 2 * (1 - 4) + 2 * (2 - 4) = -6.
    assert.equal(weights.get("bn.running_var")?.values[0], 1.5);
    assert.deepEqual(
      report.warnings.map(({ code }) => code),
      ["PLAN_STATISTICS"],
    );
  },
  "`config.json` of restacked layers": async () => {
    const layers = Object.fromEntries([0, 1, 2].map((i) => [`layers.${String(i)}.x.w`, floats([i])]));
    const config = { num_hidden_layers: 3, layer_types: ["x", "y", "z"], mlp_only_layers: [2] };
    const folder = await at.modelsIn({ a: layers }, config);
    const slices =
      "[{sources: [{model: a, layer_range: [2, 3]}]}, {sources: [{model: a, layer_range: [0, 1]}]}]";
    const { report } = await at.run(folder, `merge_method: passthrough\nslices: ${slices}\n`);
    const written = JSON.parse(readFileSync(`${report.out}/config.json`, "utf8")) as typeof config;
    assert.deepEqual(
      [written.num_hidden_layers, written.layer_types, written.mlp_only_layers],
      [2, ["z", "x"], [0]],
    );
  },
  "repeated runs": async () => {
    const values = (phase: number) => Array.from({ length: 70_000 }, (_, i) => Math.sin(i + phase));
    const tensor = (phase: number) => ({ w: floats(values(phase), [700, 100]), v: floats([phase]) });
    const folder = await at.modelsIn({ base: tensor(0), a: tensor(0.1), b: tensor(0.2) });
    const bytes = async (out: string, options: Partial<MergeOptions>) => {
      await at.run(folder, STOCK_AB, { out, ...options });
      return readFileSync(`${folder}/${out}/model.safetensors`);
    };
    const first = await bytes("one", { workers: 1 });
    assert.deepEqual(await bytes("two", { workers: 3, tileBytes: 4096 }), first);
  },
});
