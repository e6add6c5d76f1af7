import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { fixtureTensor, writeAdapter, writeModel } from "../fixtures/adapters.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import type { RunOptions } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";

const at = useTemporaryFolder();
const RANK = 4;
const P = "base_model.model.";
const [OUT, IN, VOCABULARY] = [37, 150, 90];

const MODEL: FixtureTensors = {
  "model.embed.weight": fixtureTensor("embed", [VOCABULARY, IN], "BF16"),
  "model.layers.0.q.weight": fixtureTensor("q", [OUT, IN], "BF16"),
  "model.layers.0.q.bias": fixtureTensor("bias", [OUT], "BF16"),
  "model.layers.0.norm.weight": fixtureTensor("norm", [IN], "BF16"),
};
const A = fixtureTensor("A", [RANK, IN], "F32", 0.2);
const B = fixtureTensor("B", [OUT, RANK], "BF16", 0.2);

const rowsOf = ({ shape, values }: FixtureTensor) =>
  Array.from({ length: shape[0] ?? 0 }, (_, i) => {
    const width = values.length / (shape[0] ?? 1);
    return Array.from({ length: width }, (_, j) => values[i * width + j] ?? NaN);
  });
const product = (left: number[][], right: number[][]) =>
  left.map((row) =>
    (right[0] ?? []).map((_, j) => row.reduce((sum, l, k) => sum + l * (right[k]?.[j] ?? NaN), 0)),
  );
const transpose = (rows: number[][]) => (rows[0] ?? []).map((_, j) => rows.map((row) => row[j] ?? NaN));
/** PEFT's formula in float64. */
const adapted = (weight: FixtureTensor, delta: number[][], scale: number) =>
  rowsOf(weight).map((row, i) => row.map((value, j) => value + scale * (delta[i]?.[j] ?? NaN)));
const Q = MODEL["model.layers.0.q.weight"] ?? assert.fail();
const EMBED = MODEL["model.embed.weight"] ?? assert.fail();

/** The model with the adapter in it, as F32: tensors by name. */
async function mergedWith(name: string, config: object, tensors: FixtureTensors, options: RunOptions = {}) {
  writeModel(at("model"), MODEL);
  writeAdapter(at(name), config, tensors);
  const recipe = at(`${name}.yml`);
  writeFileSync(
    recipe,
    JSON.stringify({
      merge_method: "passthrough",
      dtype: "float32",
      models: [{ model: `${at("model")}+${at(name)}` }],
    }),
  );
  await runMerge(recipe, at(`${name}-out`, JSON.stringify(options).replace(/\W/g, "")), options);
  return readWeights(at(`${name}-out`, JSON.stringify(options).replace(/\W/g, "")));
}

function assertNear(got: ArrayLike<number>, expected: number[][]): void {
  const flat = expected.flat();
  assert.equal(got.length, flat.length);
  flat.forEach((value, i) => {
    const error = Math.abs((got[i] ?? NaN) - value);
    assert.ok(error <= 2 ** -22 * (1 + Math.abs(value)), `[${i}]: ${got[i]} against ${value}`);
  });
}

const LINEAR = { [`${P}model.layers.0.q.lora_A.weight`]: A, [`${P}model.layers.0.q.lora_B.weight`]: B };

describe("A model with a LoRA adapter", () => {
  it("is W + alpha / r * B A, by PEFT's formula in float64, and unchanged elsewhere", async () => {
    const merged = await mergedWith("linear", {}, LINEAR);
    const expected = adapted(Q, product(rowsOf(B), rowsOf(A)), 6 / 4);
    assertNear(merged.get("model.layers.0.q.weight")?.values ?? [], expected);
    assert.ok(
      rowsOf(Q).some((row, i) => row.some((value, j) => Math.abs(value - (expected[i]?.[j] ?? 0)) > 0.1)),
    );
    assert.deepEqual(
      [...(merged.get("model.layers.0.norm.weight")?.values ?? [])],
      [...(MODEL["model.layers.0.norm.weight"]?.values as Float64Array)],
    );
  });

  it("gives the same bytes for any tile size and number of workers, within rows too", async () => {
    const whole = await mergedWith("tiles", {}, LINEAR);
    for (const options of [
      { tileBytes: 65_536, workers: 1 },
      { tileBytes: 16_384, workers: 3 },
    ]) {
      const pieces = await mergedWith("tiles", {}, LINEAR, options);
      for (const [name, tensor] of whole) assert.deepEqual(pieces.get(name)?.bytes, tensor.bytes, name);
    }
  });

  it("is scaled by alpha / sqrt(r) with rslora, and by alpha_pattern for the modules it names", async () => {
    const delta = product(rowsOf(B), rowsOf(A));
    const stabilized = await mergedWith("rslora", { use_rslora: true }, LINEAR);
    assertNear(stabilized.get("model.layers.0.q.weight")?.values ?? [], adapted(Q, delta, 6 / 2));
    const patterned = await mergedWith("pattern", { alpha_pattern: { "layers.0.q": 20 } }, LINEAR);
    assertNear(patterned.get("model.layers.0.q.weight")?.values ?? [], adapted(Q, delta, 20 / 4));
  });

  it("adds to the rows of an embedding what the columns of A say", async () => {
    const [a, b] = [
      fixtureTensor("ea", [RANK, VOCABULARY], "F32", 0.2),
      fixtureTensor("eb", [IN, RANK], "F32", 0.2),
    ];
    const merged = await mergedWith(
      "embedding",
      {},
      {
        [`${P}model.embed.lora_embedding_A`]: a,
        [`${P}model.embed.lora_embedding_B`]: b,
      },
    );
    const delta = transpose(product(rowsOf(b), rowsOf(a)));
    assertNear(merged.get("model.embed.weight")?.values ?? [], adapted(EMBED, delta, 1.5));
  });

  it("is transposed for weights that are stored [in, out]", async () => {
    const [a, b] = [
      fixtureTensor("ta", [RANK, OUT], "F32", 0.2),
      fixtureTensor("tb", [IN, RANK], "F32", 0.2),
    ];
    const merged = await mergedWith(
      "conv1d",
      { fan_in_fan_out: true },
      {
        [`${P}model.layers.0.q.lora_A.weight`]: a,
        [`${P}model.layers.0.q.lora_B.weight`]: b,
      },
    );
    assertNear(
      merged.get("model.layers.0.q.weight")?.values ?? [],
      adapted(Q, transpose(product(rowsOf(b), rowsOf(a))), 1.5),
    );
  });

  it("takes biases and modules that were trained whole from the adapter", async () => {
    const [bias, norm] = [fixtureTensor("new bias", [OUT], "F32"), fixtureTensor("new norm", [IN], "F32")];
    const merged = await mergedWith(
      "whole",
      { bias: "lora_only", modules_to_save: ["norm"] },
      {
        ...LINEAR,
        [`${P}model.layers.0.q.base_layer.bias`]: bias,
        [`${P}model.layers.0.norm.weight`]: norm,
      },
    );
    assert.deepEqual(
      [...(merged.get("model.layers.0.q.bias")?.values ?? [])],
      [...(bias.values as Float64Array)],
    );
    assert.deepEqual(
      [...(merged.get("model.layers.0.norm.weight")?.values ?? [])],
      [...(norm.values as Float64Array)],
    );
  });

  it("gives each row the length that DoRA learnt, whatever the tile", async () => {
    const magnitude = fixtureTensor("m", [OUT], "F32");
    const tensors = { ...LINEAR, [`${P}model.layers.0.q.lora_magnitude_vector`]: magnitude };
    const moved = adapted(Q, product(rowsOf(B), rowsOf(A)), 1.5);
    const expected = moved.map((row, i) => {
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      return row.map((value) => (value * (magnitude.values[i] ?? NaN)) / length);
    });
    for (const options of [{}, { tileBytes: 16_384, workers: 2 }]) {
      const merged = await mergedWith("dora", { use_dora: true }, tensors, options);
      assertNear(merged.get("model.layers.0.q.weight")?.values ?? [], expected);
    }
  });

  it("is ranked by rows that are longer than a tile as by those in one", async () => {
    const name = "model.layers.0.q.weight";
    const width = 4_100;
    for (const model of ["long", "long-tuned"])
      writeModel(at(model), { [name]: fixtureTensor(model, [3, width], "BF16") });
    const [left, right] = [
      fixtureTensor("long B", [3, RANK], "F32"),
      fixtureTensor("long A", [RANK, width], "F32"),
    ];
    const tensors = {
      [`${P}model.layers.0.q.lora_A.weight`]: right,
      [`${P}model.layers.0.q.lora_B.weight`]: left,
    };
    writeAdapter(at("long-lora"), {}, tensors);
    const recipe = {
      merge_method: "della",
      base_model: at("long"),
      models: [{ model: `${at("long-tuned")}+${at("long-lora")}` }],
      parameters: { weight: 1, density: 0.5 },
    };
    writeFileSync(at("long.yml"), JSON.stringify(recipe));
    await runMerge(at("long.yml"), at("long-whole"));
    await runMerge(at("long.yml"), at("long-pieces"), { tileBytes: 16_384 });
    const [whole, pieces] = ["long-whole", "long-pieces"].map((out) => readWeights(at(out)).get(name)?.bytes);
    assert.deepEqual(pieces, whole ?? assert.fail());
  });

  it("can be merged with the model that it was made from", async () => {
    await mergedWith("half", {}, LINEAR);
    const recipe = at("half-way.yml");
    const models = [
      { model: at("model"), parameters: { weight: 0.5 } },
      { model: `${at("model")}+${at("half")}`, parameters: { weight: 0.5 } },
    ];
    writeFileSync(recipe, JSON.stringify({ merge_method: "linear", dtype: "float32", models }));
    await runMerge(recipe, at("half-way"));
    assertNear(
      readWeights(at("half-way")).get("model.layers.0.q.weight")?.values ?? [],
      adapted(Q, product(rowsOf(B), rowsOf(A)), 0.75),
    );
  });

  describe("is refused by name where", () => {
    const refusals: [what: string, config: object, tensors: FixtureTensors, message: RegExp][] = [
      ["the adapter is no LoRA", { peft_type: "IA3" }, LINEAR, /is of the type "IA3"/],
      ["a variant is not modelled", { use_qalora: true }, LINEAR, /uses use_qalora/],
      [
        "training changed the base",
        { init_lora_weights: "pissa_niter_16" },
        LINEAR,
        /pissa_niter_16.*changes the base/,
      ],
      ["a key is a pattern", { alpha_pattern: { ".*q": 3 } }, LINEAR, /the pattern "\.\*q" in alpha_pattern/],
      [
        "half of a module is missing",
        {},
        { [`${P}model.layers.0.q.lora_A.weight`]: A },
        /the B matrix of model\.layers\.0\.q is missing/,
      ],
      [
        "the model lacks a module",
        {},
        { [`${P}model.layers.7.k.lora_A.weight`]: A, [`${P}model.layers.7.k.lora_B.weight`]: B },
        /changes model\.layers\.7\.k\.weight, which the model does not have/,
      ],
      [
        "sizes differ",
        {},
        { [`${P}model.layers.0.q.lora_A.weight`]: B, [`${P}model.layers.0.q.lora_B.weight`]: A },
        /matrices of the shapes|is for a weight of/,
      ],
    ];
    for (const [what, config, tensors, message] of refusals)
      it(what, async () => {
        await assert.rejects(mergedWith(`bad-${what.replace(/\W/g, "-")}`, config, tensors), {
          code: "SOURCE_ADAPTER",
          message,
        });
      });
  });
});
