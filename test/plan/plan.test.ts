import assert from "node:assert/strict";
import { llama, llamaShapes, parameterOf, planOf, tensorOf } from "./build.ts";

const BASE = llama("base");
const FT1 = llama("ft1");
const FT2 = llama("ft2");
const FT3 = llama("ft3");

describe("planMerge", () => {
  it("states for a whole merge which bytes become which tensor, in the order of the base", () => {
    const plan = planOf({ method: "model_stock", base: "base", models: ["ft1", "ft2"] }, [BASE, FT1, FT2]);
    assert.deepEqual(
      plan.tensors.map(({ name }) => name),
      Object.keys(llamaShapes()),
    );
    assert.deepEqual(
      plan.models.map(({ reference, role }) => [reference, role]),
      [
        ["base", "base"],
        ["ft1", "model"],
        ["ft2", "model"],
      ],
    );
    const name = "model.layers.1.mlp.down_proj.weight";
    const header = FT2.tensors.get(name);
    const { offset, ...tensor } = tensorOf(plan, name);
    assert.ok(offset > 0);
    assert.deepEqual(
      { ...tensor, inputs: tensor.inputs.slice(1) },
      {
        name,
        shape: [16, 24],
        dtype: "F32",
        kind: "mlp",
        layer: 1,
        layerCount: 3,
        byteLength: 16 * 24 * 4,
        action: "merge",
        method: "model_stock",
        granularity: "tensor",
        parameters: { theta: "cosine", granularity: "tensor", filter_wise: false },
        base: {
          model: 0,
          tensor: name,
          dtype: "F32",
          file: 0,
          offset: BASE.tensors.get(name)?.offset,
          byteLength: 1536,
          parameters: {},
        },
        inputs: [
          {
            model: 2,
            tensor: name,
            dtype: "F32",
            file: 0,
            offset: header?.offset,
            byteLength: 1536,
            parameters: {},
          },
        ],
        shard: 0,
      },
    );
  });

  it("counts bytes per pass and model, parameters and output", () => {
    const plan = planOf({ method: "model_stock", base: "base", models: ["ft1", "ft2"] }, [BASE, FT1, FT2]);
    const parameters = 2 * 32 * 16 + 3 * (16 + 16 * 24 + 16 * 16) + 16;
    assert.equal(plan.output.parameterCount, parameters);
    assert.deepEqual(plan.passes, [
      { name: "measure", readBytes: 3 * 4 * parameters },
      { name: "combine", readBytes: 3 * 4 * parameters },
    ]);
    assert.deepEqual(
      plan.models.map(({ readBytes }) => readBytes),
      [4 * parameters, 4 * parameters, 4 * parameters],
    );
    const [shard] = plan.output.shards;
    assert.equal(shard?.name, "model.safetensors");
    assert.equal(shard.byteLength, shard.headerByteLength + 4 * parameters);
    assert.equal(plan.layerCount, 3);
    for (const { layer, layerCount } of plan.tensors)
      assert.equal(layerCount, layer === undefined ? undefined : 3);
    assert.equal(plan.donor, 0);
    assert.deepEqual(plan.configEdits, {});
    assert.deepEqual(plan.warnings, []);
  });

  it("is plain JSON, and the same every time", () => {
    const make = () =>
      planOf({ method: "model_stock", base: "base", models: ["ft1", "ft2"] }, [FT2, BASE, FT1]);
    assert.deepEqual(JSON.parse(JSON.stringify(make())), make());
    assert.equal(JSON.stringify(make()), JSON.stringify(make()));
  });

  it("measures nothing for methods that need no statistics", () => {
    const plan = planOf({ method: "linear", models: ["ft1", "ft2"], parameters: { weight: 1 } }, [FT1, FT2]);
    assert.deepEqual(
      plan.passes.map(({ name }) => name),
      ["combine"],
    );
  });

  it("splits the output at the shard limit, with offsets inside each shard's file", () => {
    const plan = planOf({ method: "linear", models: ["ft1", "ft2"], parameters: { weight: 1 } }, [FT1, FT2], {
      maxShardBytes: 4000,
    });
    const { shards } = plan.output;
    assert.ok(shards.length > 2);
    assert.equal(shards[0]?.name, `model-00001-of-0000${shards.length}.safetensors`);
    shards.forEach((shard, at) => {
      const own = plan.tensors.filter((tensor) => tensor.shard === at).sort((a, b) => a.offset - b.offset);
      let offset = shard.headerByteLength;
      for (const tensor of own) {
        assert.equal(tensor.offset, offset);
        offset += tensor.byteLength;
      }
      assert.equal(offset, shard.byteLength);
    });
  });

  it("makes an appended or listed base an input of linear like any other", () => {
    const models = [BASE, FT1, FT2];
    const appended = planOf(
      {
        method: "linear",
        base: "base",
        models: ["ft1", { model: "ft2", parameters: { weight: 0.75 } }],
        parameters: { weight: 0.25 },
      },
      models,
    );
    const norm = tensorOf(appended, "model.norm.weight");
    assert.equal(norm.base, undefined);
    assert.deepEqual(
      norm.inputs.map(({ model }) => appended.models[model]?.reference),
      ["ft1", "ft2", "base"],
    );
    assert.deepEqual(parameterOf(norm, "weight"), [0.25, 0.75, 0.25]);
  });

  it("evaluates gradients over the layers, at their start outside them, and filters on names", () => {
    const plan = planOf(
      {
        method: "linear",
        models: [
          { model: "ft1", parameters: { weight: [0.1, 0.9] } },
          {
            model: "ft2",
            parameters: {
              weight: [
                { filter: "self_attn", value: [1, 0.2, 0.6] },
                { filter: "layernorm", value: 0 },
                { filter: "*", value: 0.3 },
              ],
            },
          },
          {
            model: "ft3",
            parameters: {
              weight: [
                { filter: "mlp.down", value: 0.75 },
                { filter: "layers.1", value: 0.4 },
              ],
            },
          },
        ],
        parameters: { weight: 0.5 },
      },
      [FT1, FT2, FT3],
    );
    const weights = (name: string) => parameterOf(tensorOf(plan, name), "weight");
    assert.deepEqual(weights("model.embed_tokens.weight"), [0.1, 0.3, 0.5]);
    assert.deepEqual(weights("lm_head.weight"), [0.1, 0.3, 0.5]);
    assert.deepEqual(weights("model.layers.0.self_attn.q_proj.weight"), [0.1, 1, 0.5]);
    assert.deepEqual(weights("model.layers.1.self_attn.q_proj.weight"), [0.5, 0.2, 0.4]);
    assert.deepEqual(weights("model.layers.2.self_attn.q_proj.weight"), [0.9, 0.6, 0.5]);
    assert.deepEqual(weights("model.layers.1.mlp.down_proj.weight"), [0.5, 0.3, 0.75]);
    assert.deepEqual(weights("model.layers.2.input_layernorm.weight"), [0.9, 0, 0.5]);
  });

  it("evaluates gradients at 1 in a model of one layer", () => {
    const plan = planOf({ method: "linear", models: ["a", "b"], parameters: { weight: [0.1, 0.9] } }, [
      llama("a", { layers: 1 }),
      llama("b", { layers: 1 }),
    ]);
    assert.deepEqual(
      parameterOf(tensorOf(plan, "model.layers.0.input_layernorm.weight"), "weight"),
      [0.9, 0.9],
    );
  });

  it("keeps base and model apart for slerp and reads t per tensor", () => {
    const plan = planOf({ method: "slerp", base: "base", models: ["ft1"], parameters: { t: [0, 1] } }, [
      BASE,
      FT1,
    ]);
    const middle = tensorOf(plan, "model.layers.1.mlp.down_proj.weight");
    assert.deepEqual(middle.parameters, { t: 0.5 });
    assert.equal(middle.base?.model, 0);
    assert.deepEqual(
      middle.inputs.map(({ model }) => model),
      [1],
    );
  });

  it("shares groups by layer, each tensor outside layers on its own, or over the whole model", () => {
    const text = { method: "model_stock", base: "base", models: ["ft1", "ft2"] };
    const groups = (granularity: string, parameters = {}) =>
      planOf({ ...text, parameters: { granularity, ...parameters } }, [BASE, FT1, FT2]).tensors.map(
        ({ group }) => group,
      );
    assert.deepEqual(groups("layer").slice(0, 5), [
      "lm_head.weight",
      "model.embed_tokens.weight",
      "model.layers.0",
      "model.layers.0",
      "model.layers.0",
    ]);
    assert.deepEqual(new Set(groups("model")), new Set(["model"]));
    assert.deepEqual(new Set(groups("row")), new Set([undefined]));
  });

  it("does not let tensors with other parameters share a solution", () => {
    const plan = planOf(
      {
        method: "model_stock",
        base: "base",
        models: ["ft1", "ft2"],
        parameters: { granularity: "layer" },
        overrides: [{ tensors: ["*mlp*"], parameters: { theta: "gram" } }],
      },
      [BASE, FT1, FT2],
    );
    const group = (name: string) => tensorOf(plan, name).group;
    assert.equal(group("model.layers.1.input_layernorm.weight"), "model.layers.1");
    assert.equal(group("model.layers.1.self_attn.q_proj.weight"), "model.layers.1");
    assert.equal(group("model.layers.1.mlp.down_proj.weight"), "model.layers.1 (2)");
  });
});
