import assert from "node:assert/strict";
import { llama, modelOf, parameterOf, planOf, problemsOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const MODELS = [llama("ft1"), llama("ft2"), llama("ft3")];

const FRANKENMERGE: RecipeText = {
  method: "passthrough",
  slices: [
    { sources: [{ model: "ft1", layers: [0, 2] }] },
    { sources: [{ model: "ft2", layers: [1, 3] }] },
    { sources: [{ model: "ft3", layers: [1, 2] }] },
    { sources: [{ model: "ft3", layers: [1, 2] }] },
  ],
};

describe("planMerge with slices", () => {
  it("numbers layers on across slices, embeddings from the first and norm and head from the last", () => {
    const plan = planOf(FRANKENMERGE, MODELS);
    const origin = plan.tensors.map(({ name, action, inputs }) => {
      const [input] = inputs;
      assert.equal(action, "copy", name);
      return `${name} < ${plan.models[input?.model ?? -1]?.reference ?? ""} ${input?.tensor ?? ""}`;
    });
    const ends = ["mlp.down_proj.weight"];
    assert.deepEqual(
      origin.filter(
        (line) => !line.includes("layers") || ends.some((end) => line.includes(` < `) && line.endsWith(end)),
      ),
      [
        "model.embed_tokens.weight < ft1 model.embed_tokens.weight",
        "model.layers.0.mlp.down_proj.weight < ft1 model.layers.0.mlp.down_proj.weight",
        "model.layers.1.mlp.down_proj.weight < ft1 model.layers.1.mlp.down_proj.weight",
        "model.layers.2.mlp.down_proj.weight < ft2 model.layers.1.mlp.down_proj.weight",
        "model.layers.3.mlp.down_proj.weight < ft2 model.layers.2.mlp.down_proj.weight",
        "model.layers.4.mlp.down_proj.weight < ft3 model.layers.1.mlp.down_proj.weight",
        "model.layers.5.mlp.down_proj.weight < ft3 model.layers.1.mlp.down_proj.weight",
        "lm_head.weight < ft3 lm_head.weight",
        "model.norm.weight < ft3 model.norm.weight",
      ],
    );
    assert.equal(plan.layerCount, 6);
    assert.equal(plan.tensors.length, 3 + 6 * 3);
    assert.deepEqual(plan.configEdits, { num_hidden_layers: 6 });
  });

  it("finds parameters at source, slice and recipe, filters on each model's own layer numbers", () => {
    const plan = planOf(
      {
        method: "linear",
        slices: [
          {
            sources: [
              {
                model: "ft1",
                layers: [0, 2],
                parameters: { weight: [{ filter: "self_attn", value: 0.9 }] },
              },
              { model: "ft2", layers: [0, 2] },
            ],
            parameters: { weight: [{ filter: "mlp", value: [0.25, 0.75] }] },
          },
          {
            sources: [
              { model: "ft3", layers: [2, 3] },
              { model: "ft1", layers: [1, 2], parameters: { weight: 0.4 } },
            ],
            parameters: { weight: [{ filter: "layers.2.self_attn", value: 0.8 }, { value: 0.6 }] },
          },
        ],
        parameters: { weight: 0.5, normalize: true },
      },
      MODELS,
    );
    const weights = (name: string) => parameterOf(tensorOf(plan, name), "weight");
    assert.deepEqual(weights("model.embed_tokens.weight"), [0.5, 0.5]);
    assert.deepEqual(weights("model.layers.0.self_attn.q_proj.weight"), [0.9, 0.5]);
    assert.deepEqual(weights("model.layers.0.mlp.down_proj.weight"), [0.25, 0.25]);
    assert.deepEqual(weights("model.layers.1.mlp.down_proj.weight"), [0.75, 0.75]);
    assert.deepEqual(weights("model.layers.1.input_layernorm.weight"), [0.5, 0.5]);
    assert.deepEqual(weights("model.layers.2.self_attn.q_proj.weight"), [0.8, 0.4]);
    assert.deepEqual(weights("model.layers.2.mlp.down_proj.weight"), [0.6, 0.4]);
    assert.deepEqual(weights("model.norm.weight"), [0.6, 0.4]);
    assert.deepEqual(
      tensorOf(plan, "model.layers.2.self_attn.q_proj.weight").inputs.map(({ tensor }) => tensor),
      ["model.layers.2.self_attn.q_proj.weight", "model.layers.1.self_attn.q_proj.weight"],
    );
    assert.deepEqual(plan.configEdits, {});
  });

  it("spreads a gradient over the layers of one slice, and gives its end to a slice of one layer", () => {
    const t = [0, 0.5, 0.3, 0.7, 1];
    const sources = (layers: readonly [number, number]) => [
      { model: "a", layers },
      { model: "b", layers },
    ];
    const plan = planOf(
      {
        method: "slerp",
        base: "a",
        slices: [{ sources: sources([0, 40]) }, { sources: sources([4, 5]) }],
        parameters: { t },
      },
      [llama("a", { layers: 40 }), llama("b", { layers: 40 })],
    );
    const at = (layer: number) =>
      tensorOf(plan, `model.layers.${layer}.input_layernorm.weight`).parameters["t"] as number;
    assert.equal(at(0), 0);
    // s = 4 * 20 / 39 lies between the third value and the fourth.
    assert.ok(Math.abs(at(20) - 0.3205) < 5e-5);
    assert.equal(at(39), 1);
    assert.equal(at(40), 1);
    assert.deepEqual(tensorOf(plan, "lm_head.weight").parameters, { t: 0 });
  });

  it("copies what has no scale and merges what has one", () => {
    const plan = planOf(
      {
        method: "passthrough",
        slices: [
          { sources: [{ model: "ft1", layers: [0, 3] }] },
          {
            sources: [
              {
                model: "ft1",
                layers: [1, 3],
                parameters: {
                  scale: [
                    { filter: "q_proj", value: 0.25 },
                    { filter: "down_proj", value: [0.5, 0.3] },
                  ],
                },
              },
            ],
          },
        ],
      },
      MODELS,
    );
    const of = (name: string) => {
      const tensor = tensorOf(plan, name);
      return [tensor.action, ...parameterOf(tensor, "scale")];
    };
    assert.deepEqual(of("model.layers.2.mlp.down_proj.weight"), ["copy", undefined]);
    assert.deepEqual(of("model.layers.3.mlp.down_proj.weight"), ["merge", 0.5]);
    assert.deepEqual(of("model.layers.4.mlp.down_proj.weight"), ["merge", 0.3]);
    assert.deepEqual(of("model.layers.4.self_attn.q_proj.weight"), ["merge", 0.25]);
    assert.deepEqual(of("model.layers.4.input_layernorm.weight"), ["copy", undefined]);
    assert.deepEqual(of("lm_head.weight"), ["copy", undefined]);
  });

  it("keeps norms of embeddings before the layers", () => {
    const bert = (reference: string) =>
      modelOf(reference, {
        "embeddings.LayerNorm.weight": [4],
        "encoder.layer.0.output.dense.weight": [4, 4],
        "encoder.layer.1.output.dense.weight": [4, 4],
        "pooler.norm.weight": [4],
      });
    const plan = planOf(
      {
        method: "passthrough",
        slices: [
          { sources: [{ model: "a", layers: [0, 1] }] },
          { sources: [{ model: "b", layers: [1, 2] }] },
        ],
      },
      [bert("a"), bert("b")],
    );
    assert.deepEqual(
      plan.tensors.map(({ inputs }) => inputs[0]?.model),
      [0, 0, 1, 1],
    );
  });

  it("restacks a config's lists of one entry per layer, in its nested part too", () => {
    const config = {
      text_config: { num_hidden_layers: 3, layer_types: ["full", "sliding", "linear"], other: [1, 2, 3] },
    };
    const nested = modelOf(
      "ft1",
      { "x.layers.0.a.w": [1], "x.layers.1.a.w": [1], "x.layers.2.a.w": [1] },
      { config },
    );
    const slices = [[0, 2] as const, [1, 3] as const].map((layers) => ({
      sources: [{ model: "ft1", layers }],
    }));
    assert.deepEqual(planOf({ method: "passthrough", slices }, [nested]).configEdits, {
      "text_config.num_hidden_layers": 4,
      "text_config.layer_types": ["full", "sliding", "sliding", "linear"],
    });
  });

  it("refuses a range outside the model, and says which layers there are", () => {
    const [problem, ...others] = problemsOf(
      { method: "passthrough", slices: [{ sources: [{ model: "ft1", layers: [2, 4] }] }] },
      MODELS,
    );
    assert.equal(others.length, 0);
    assert.equal(problem?.code, "PLAN_LAYER_RANGE");
    assert.match(problem.message, /\[2, 4\).*ft1.*\[0, 3\)/);
    assert.equal(problem.position?.line, 3);
    assert.match(problem.frame ?? "", /line 3/);
  });

  it("refuses sources that give different numbers of layers", () => {
    const [problem] = problemsOf(
      {
        method: "linear",
        slices: [
          {
            sources: [
              { model: "ft1", layers: [0, 2] },
              { model: "ft2", layers: [0, 3] },
            ],
          },
        ],
        parameters: { weight: 1 },
      },
      MODELS,
    );
    assert.equal(problem?.code, "PLAN_LAYER_RANGE");
    assert.match(problem.message, /\[0, 2\), \[0, 3\)/);
  });

  it("refuses slices of a model with several stacks, or with none", () => {
    const two = modelOf("two", {
      "encoder.layers.0.a.w": [1],
      "decoder.layers.0.a.w": [1],
    });
    const none = modelOf("none", { weight: [1] });
    const code = (model: string) =>
      problemsOf({ method: "passthrough", slices: [{ sources: [{ model, layers: [0, 1] }] }] }, [
        two,
        none,
      ]).map((problem) => [problem.code, problem.message.includes("encoder.layers, decoder.layers")]);
    assert.deepEqual(code("two"), [["PLAN_MODULE", true]]);
    assert.deepEqual(code("none"), [["PLAN_NO_LAYERS", false]]);
  });

  it("refuses a base that is not a source of the slice", () => {
    const problems = problemsOf(
      {
        method: "slerp",
        base: "ft1",
        slices: [{ sources: [{ model: "ft2", layers: [0, 3] }] }],
        parameters: { t: 0.5 },
      },
      MODELS,
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["PLAN_MODEL_COUNT"],
    );
    assert.match(problems[0]?.message ?? "", /ft1 is not among the sources/);
  });

  it("lets a slice have a base of its own", () => {
    const sources = [
      { model: "ft1", layers: [0, 3] as const },
      { model: "ft2", layers: [0, 3] as const },
    ];
    const plan = planOf(
      { method: "slerp", slices: [{ base: "ft2", sources }], parameters: { t: 0.5 } },
      MODELS,
    );
    const norm = tensorOf(plan, "model.norm.weight");
    assert.equal(plan.models[norm.base?.model ?? -1]?.reference, "ft2");
    assert.equal(plan.models.find(({ role }) => role === "base")?.reference, "ft2");
    assert.equal(plan.models[plan.donor]?.reference, "ft1");
  });
});
