import assert from "node:assert/strict";
import { METHODS } from "../../src/index.ts";
import { fixtureTensor, writeAdapter, writeModel } from "../fixtures/adapters.ts";
import { methodRecipe } from "../fixtures/method-recipes.ts";
import type { Value } from "../fixtures/method-recipes.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { bothWays, linear, list, MIX, placesIn, tensorsOf } from "./both-ways.ts";
import { bpeFiles } from "./token-merges.ts";
import { writeTokenModel } from "./token-models.ts";

const at = useTemporaryFolder();

describe("A result that is computed inside the merge that takes it", () => {
  before(() => {
    for (const name of ["base", "ft1", "ft2", "ft3"]) writeModel(at(name), tensorsOf(name, "BF16"));
    writeModel(at("wide"), tensorsOf("wide", "F32"));
  });

  // Of each kind of pass: sums, ranks, rows, columns, importances, random numbers, groups of tensors.
  const OUTER: Readonly<Record<string, Record<string, Value>>> = {
    ...{ model_stock: {}, ties: {}, della: {}, arcee_fusion: {}, dare_ties: {}, metagpt: {} },
    nuslerp: { nuslerp_flatten: false, nuslerp_row_wise: true },
  };
  for (const method of METHODS.filter(({ name }) => name in OUTER))
    it(`gives ${method.name} the bytes that it gets by way of a folder`, async () => {
      const outer = methodRecipe(method, {
        ...{ base: "base", models: ["mix", "ft3"], parameters: OUTER[method.name] ?? {} },
      });
      const report = await bothWays([MIX, outer], { cwd: at(), workers: 2, tileBytes: 16_384 });
      assert.deepEqual(placesIn(report), { mix: "inside" });
    });

  const INNER: Readonly<Record<string, Record<string, unknown>>> = {
    "three models": linear("ft1", "wide", "ft2"),
    "a result in BF16": { ...linear("ft1", "ft2"), dtype: "bfloat16" },
    "a result in F16": { ...linear("ft1", "ft2"), dtype: "float16" },
    "a result in F64": { ...linear("ft1", "wide"), dtype: "float64" },
    wise_ft: { merge_method: "wise_ft", base_model: "base", models: list("ft1"), parameters: { alpha: 0.3 } },
    "task arithmetic": {
      merge_method: "task_arithmetic",
      base_model: "base",
      models: list("ft1", "ft2"),
      parameters: { weight: [0.2, 0.7], lambda: 0.9, lines_alpha: 0.5 },
    },
    "scaled layers in another order": {
      merge_method: "passthrough",
      slices: [
        { sources: [{ model: "ft1", layer_range: [1, 2], parameters: { scale: 0.5 } }] },
        { sources: [{ model: "ft2", layer_range: [0, 1] }] },
      ],
    },
    "the largest changes": { merge_method: "magmax", base_model: "base", models: list("ft1", "ft2") },
    "changes that models agree on": {
      ...{ merge_method: "consensus_ta", base_model: "base", models: list("ft1", "ft2") },
      parameters: { k: 1, lambda: 0.5 },
    },
    "changes that overlap": { merge_method: "ram", base_model: "base", models: list("ft1", "ft2") },
    nearswap: { merge_method: "nearswap", base_model: "base", models: list("ft1"), parameters: { t: 0.4 } },
    "a model stock": { merge_method: "model_stock", base_model: "base", models: list("ft1", "ft2") },
    "a model stock by layers, with parts of other methods": {
      merge_method: "model_stock",
      base_model: "base",
      models: list("ft1", "ft2"),
      parameters: { granularity: "layer" },
      overrides: [
        { tensors: ["model.norm.weight"], merge_method: "linear", parameters: { weight: 0.7 } },
        { tensors: ["*.bias"], merge_method: "passthrough", model: "ft2" },
      ],
    },
    "metagpt over the whole models": {
      merge_method: "metagpt",
      base_model: "base",
      models: list("ft1", "ft2"),
    },
    "a slerp": { merge_method: "slerp", base_model: "ft1", models: list("ft2"), parameters: { t: 0.3 } },
    "a geometric median": { merge_method: "geometric_median", models: list("ft1", "ft2"), dtype: "float16" },
    "one model as it is": { merge_method: "passthrough", models: list("ft1") },
  };
  for (const [what, inner] of Object.entries(INNER))
    it(`may be ${what}`, async () => {
      const named = { name: "mix", ...inner };
      const outer = { merge_method: "model_stock", base_model: "mix", models: list("ft3", "wide") };
      assert.deepEqual(placesIn(await bothWays([named, outer], { cwd: at(), tileBytes: 1 })), {
        mix: "inside",
      });
    });

  it("may be made of others, and be taken by several, and any of it be scaled, sliced or restacked", async () => {
    const documents = [
      MIX,
      { name: "second", ...linear("mix", "ft3") },
      {
        name: "third",
        merge_method: "wise_ft",
        base_model: "second",
        models: list("mix"),
        parameters: { alpha: 0.6 },
      },
      {
        merge_method: "linear",
        slices: [
          {
            sources: [
              { model: "third", layer_range: [0, 2] },
              { model: "mix", layer_range: [0, 2] },
            ],
          },
          {
            sources: [
              { model: "second", layer_range: [1, 2] },
              { model: "ft1", layer_range: [0, 1] },
            ],
          },
        ],
        parameters: { weight: 1 },
      },
    ];
    for (const tileBytes of [1, undefined]) {
      const report = await bothWays(documents, { cwd: at(), tileBytes, maxShardBytes: 50_000 });
      assert.deepEqual(placesIn(report), { mix: "inside", second: "inside", third: "inside" });
    }
  });

  it("may be measured where it is made of results that are computed inside it, and by others that are in folders", async () => {
    const signs = { merge_method: "ties", base_model: "base", models: list("ft1", "ft2") };
    const report = await bothWays(
      [
        MIX,
        { name: "signs", ...signs, parameters: { weight: 1, density: 0.5 } },
        {
          name: "between",
          merge_method: "slerp",
          base_model: "mix",
          models: list("signs"),
          parameters: { t: 0.3 },
        },
        { name: "around", merge_method: "karcher", models: list("between", "ft3") },
        { merge_method: "model_stock", base_model: "base", models: list("around", "ft1") },
      ],
      { cwd: at(), workers: 2, tileBytes: 1 },
    );
    const places = { mix: "inside", signs: "folder", between: "inside", around: "inside" };
    assert.deepEqual(placesIn(report), places);
    const times = report.intermediates?.map(({ seconds }) => typeof seconds);
    assert.deepEqual(times, ["undefined", "number", "number", "number"]);
  });

  it("may be made of models with adapters", async () => {
    const prefix = "base_model.model.model.layers.0.q_proj";
    writeAdapter(
      at("lora"),
      {},
      {
        [`${prefix}.lora_A.weight`]: fixtureTensor("A", [4, 150], "F32", 0.2),
        [`${prefix}.lora_B.weight`]: fixtureTensor("B", [64, 4], "BF16", 0.2),
      },
    );
    const outer = { merge_method: "slerp", base_model: "mix", models: list("ft3"), parameters: { t: 0.3 } };
    const report = await bothWays([{ name: "mix", ...linear("ft1+lora", "ft2") }, outer], { cwd: at() });
    assert.deepEqual(placesIn(report), { mix: "inside" });
  });

  it("may have, and be taken by what has, rows matched by token; tied heads, and tokenizer files", async () => {
    await writeTokenModel(at("words"), "a", { files: bpeFiles("a b c d", "<s>"), rows: 7, dtype: "BF16" });
    await writeTokenModel(at("words"), "b", { files: bpeFiles("b p a q", "<s> <x>"), dtype: "BF16" });
    await writeTokenModel(at("words"), "tied", {
      ...{ files: bpeFiles("q c r a p", "<y>"), rows: 8, tied: true },
      config: { tie_word_embeddings: true },
    });
    const cwd = at("words");
    const union = { tokenizer: { source: "union", pad_to_multiple_of: 4 } };
    for (const documents of [
      [
        { name: "mix", ...linear("a", "b"), ...union },
        { ...linear("mix", "tied"), ...union },
      ],
      [
        { name: "mix", ...linear("tied", "b"), ...union },
        { ...linear("a", "mix"), ...union },
      ],
      [
        { name: "mix", ...linear("a", "b"), ...union, chat_template: "chatml" },
        { ...linear("mix"), dtype: "bfloat16" },
      ],
      [
        { name: "mix", merge_method: "magmax", base_model: "a", models: list("a", "b"), ...union },
        { ...linear("tied", "mix"), ...union },
      ],
      [
        { name: "mix", merge_method: "passthrough", models: list("tied") },
        { merge_method: "model_stock", base_model: "a", models: list("b", "mix"), ...union },
      ],
    ])
      assert.deepEqual(placesIn(await bothWays(documents, { cwd })), { mix: "inside" });
    await bothWays([{ name: "mix", ...linear("a", "b"), ...union }, linear("mix")], {
      cwd,
      copyTokenizer: false,
    });
  });

  it("goes through a folder where its method has to measure first, or where it would be read too often", async () => {
    const measured = { merge_method: "ties", base_model: "base", models: list("ft1", "ft2") };
    const many = { name: "many", ...linear("ft1", "ft2", "ft3", "base", "wide"), dtype: "bfloat16" };
    const report = await bothWays(
      [
        { name: "signs", ...measured, parameters: { weight: 1, density: 0.5 } },
        many,
        { name: "over", ...linear("signs", "ft3", "many") },
        { name: "more", ...linear("many", "ft2") },
        { merge_method: "model_stock", base_model: "base", models: list("over", "more", "many", "ft1") },
      ],
      { cwd: at() },
    );
    assert.deepEqual(placesIn(report), {
      ...{ signs: "folder", many: "folder", over: "inside", more: "inside" },
    });
    const stock = { merge_method: "model_stock", base_model: "base", models: list("many", "ft1") };
    const twice = await bothWays([many, stock], { cwd: at() });
    assert.deepEqual(placesIn(twice), { many: "inside" });
  });

  it("is inside others only so deep, as each level takes memory", async () => {
    const chain = Array.from({ length: 6 }, (_, i) => {
      return { name: `r${i}`, ...linear(i === 0 ? "ft2" : `r${i - 1}`, "ft1") };
    });
    const report = await bothWays([...chain, linear("r5", "ft3")], { cwd: at() });
    assert.deepEqual(Object.values(placesIn(report)), [
      ...["inside", "inside", "inside", "inside"],
      ...["folder", "inside"],
    ]);
  });
});
