import assert from "node:assert/strict";
import { llama, modelOf, parameterOf, planOf, problemsOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const LINEAR: RecipeText = {
  method: "linear",
  models: [
    { model: "a", parameters: { weight: 0.5 } },
    { model: "b", parameters: { weight: 0.25 } },
    { model: "c", parameters: { weight: 0.25 } },
  ],
};
const BIAS = "model.layers.0.self_attn.q_proj.bias";
const STOCK: RecipeText = { method: "model_stock", base: "a", models: ["b", "c"] };

describe("matching tensors", () => {
  it("merges an optional bias over the models that have it", () => {
    const models = [
      llama("a", { extra: { [BIAS]: [16] } }),
      llama("b", { extra: { [BIAS]: [16] } }),
      llama("c"),
    ];
    const plan = planOf(LINEAR, models);
    assert.deepEqual(parameterOf(tensorOf(plan, BIAS), "weight"), [0.5, 0.25]);
    assert.equal(tensorOf(plan, "model.norm.weight").inputs.length, 3);
  });

  it("takes an optional tensor that only others have into a merge without a base, and leaves it out of one with", () => {
    const models = [
      llama("a"),
      llama("b", { extra: { [BIAS]: [16] } }),
      llama("c", { extra: { [BIAS]: [16] } }),
    ];
    assert.deepEqual(parameterOf(tensorOf(planOf(LINEAR, models), BIAS), "weight"), [0.25, 0.25]);
    const stock = planOf(STOCK, models);
    assert.ok(!stock.tensors.some(({ name }) => name === BIAS));
    assert.deepEqual(
      stock.warnings.map(({ code }) => code),
      ["PLAN_EXTRA_TENSOR", "PLAN_EXTRA_TENSOR"],
    );
  });

  it("takes the base's tensor where too few models have an optional one, and says so once", () => {
    const extra = { [BIAS]: [16], "model.layers.1.self_attn.q_norm.weight": [4] };
    const plan = planOf(STOCK, [llama("a", { extra }), llama("b", { extra }), llama("c")]);
    const bias = tensorOf(plan, BIAS);
    assert.equal(bias.action, "copy");
    assert.equal(bias.base, undefined);
    assert.deepEqual(
      bias.inputs.map(({ model }) => plan.models[model]?.reference),
      ["a"],
    );
    assert.deepEqual(
      plan.warnings.map(({ code, message }) => [code, /^2 tensors .* from a,/.test(message)]),
      [["PLAN_COPIED", true]],
    );
  });

  it("returns the only one left with slerp", () => {
    const text: RecipeText = { method: "slerp", base: "a", models: ["b"], parameters: { t: 0.5 } };
    const plan = planOf(text, [llama("a", { extra: { [BIAS]: [16] } }), llama("b")]);
    assert.equal(tensorOf(plan, BIAS).action, "copy");
    assert.equal(tensorOf(plan, BIAS).inputs[0]?.model, 0);
    const other = planOf(text, [llama("a"), llama("b", { extra: { [BIAS]: [16] } })]);
    assert.equal(tensorOf(other, BIAS).action, "copy");
    assert.equal(tensorOf(other, BIAS).inputs[0]?.model, 1);
  });

  it("refuses any other missing tensor once per model, with the nearest name and a cure", () => {
    const shapes = [...llama("a").tensors.values()].map(({ name, shape }) => [name, shape] as const);
    const kept = shapes.filter(([name]) => !name.includes("down_proj"));
    const broken = modelOf("c", {
      ...Object.fromEntries(kept),
      "model.layers.0.mlp.dwn_proj.weight": [16, 24],
    });
    const problems = problemsOf(LINEAR, [llama("a"), llama("b"), broken]);
    const [error] = problems.filter(({ severity }) => severity === "error");
    assert.equal(error?.code, "PLAN_MISSING_TENSOR");
    assert.equal(
      error.message,
      'c lacks 3 tensors of the merge: "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight" ' +
        'and "model.layers.2.mlp.down_proj.weight". The nearest name there is "model.layers.0.mlp.dwn_proj.weight".',
    );
    assert.equal(error.position?.line, 5);
    assert.match(error.hint ?? "", /override/);
    assert.equal(problems.filter(({ severity }) => severity === "error").length, 1);
  });

  it("names a tensor under another prefix as the nearest", () => {
    const shapes = [...llama("a").tensors.values()].map(({ name, shape }) => [
      `wrapped.inner.${name}`,
      shape,
    ]);
    const problems = problemsOf(LINEAR, [
      llama("a"),
      llama("b"),
      modelOf("c", Object.fromEntries(shapes) as Record<string, readonly number[]>),
    ]);
    const missing = problems.find(({ code }) => code === "PLAN_MISSING_TENSOR");
    assert.match(missing?.message ?? "", /nearest name there is "wrapped\.inner\.[a-z_.]+"/);
  });

  it("reports tensors that the output will not have, once per model with a count and a few names", () => {
    const extra = Object.fromEntries(["p", "q", "r", "s"].map((name) => [`value.${name}`, [1]]));
    const plan = planOf(LINEAR, [llama("a"), llama("b", { extra }), llama("c", { extra: { x: [1] } })]);
    assert.deepEqual(
      plan.warnings.map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_EXTRA_TENSOR",
          'b has 4 tensors that the output will not have: "value.p", "value.q", "value.r" and 1 more.',
        ],
        ["PLAN_EXTRA_TENSOR", 'c has a tensor that the output will not have: "x".'],
      ],
    );
  });

  it("lets a tied embedding stand in for the head that a model does not store", () => {
    const text: RecipeText = {
      method: "linear",
      base: "a",
      models: [
        { model: "a", parameters: { weight: 0.7 } },
        { model: "b", parameters: { weight: 0.3 } },
      ],
    };
    const plan = planOf(text, [llama("a"), llama("b", { tied: true })]);
    assert.deepEqual(
      tensorOf(plan, "lm_head.weight").inputs.map(({ tensor }) => tensor),
      ["lm_head.weight", "model.embed_tokens.weight"],
    );
    assert.deepEqual(plan.configEdits, {});
    assert.deepEqual(
      plan.warnings.map(({ code }) => code),
      ["PLAN_TIED"],
    );
  });

  it("gives the output a head that the base ties, and says in the config that it is not tied any more", () => {
    const plan = planOf(STOCK, [llama("a", { tied: true }), llama("b"), llama("c")]);
    const head = tensorOf(plan, "lm_head.weight");
    assert.equal(head.base?.tensor, "model.embed_tokens.weight");
    assert.equal(head.inputs.length, 2);
    assert.deepEqual(plan.configEdits, { tie_word_embeddings: false });
  });

  it("has no head where no model has one, and leaves the config alone", () => {
    const plan = planOf(STOCK, [
      llama("a", { tied: true }),
      llama("b", { tied: true }),
      llama("c", { tied: true }),
    ]);
    assert.ok(!plan.tensors.some(({ name }) => name === "lm_head.weight"));
    assert.deepEqual(plan.configEdits, {});
    assert.deepEqual(plan.warnings, []);
  });

  it("keeps a tied head that is stored as the base stores it", () => {
    const config = { tie_word_embeddings: true };
    const plan = planOf(STOCK, [llama("a", { config }), llama("b", { config }), llama("c", { config })]);
    assert.ok(plan.tensors.some(({ name }) => name === "lm_head.weight"));
    assert.deepEqual(plan.configEdits, {});
  });

  it("refuses a missing head when the model's config says that it is not tied", () => {
    const broken = llama("b", { tied: true, config: { tie_word_embeddings: false } });
    assert.deepEqual(
      problemsOf(STOCK, [llama("a"), broken, llama("c")]).map(({ code }) => code),
      ["PLAN_MISSING_TENSOR"],
    );
  });

  it("does not take an embedding for a missing classifier", () => {
    const extra = { "classifier.weight": [5, 16] };
    assert.deepEqual(
      problemsOf(STOCK, [
        llama("a", { extra }),
        llama("b", { extra, config: { tie_word_embeddings: true } }),
        llama("c"),
      ]).map(({ code }) => code),
      ["PLAN_MISSING_TENSOR"],
    );
  });

  it("refuses different shapes, with a hint about vocabularies for embedding and head", () => {
    const wide = modelOf("b", {
      ...Object.fromEntries([...llama("a").tensors.values()].map(({ name, shape }) => [name, shape])),
      "lm_head.weight": [34, 16],
      "model.embed_tokens.weight": [34, 16],
      "model.norm.weight": [17],
    });
    const problems = problemsOf(STOCK, [llama("a"), wide, llama("c")]);
    assert.deepEqual(
      problems.map(({ code, message, hint }) => [code, message, hint?.includes("vocabular")]),
      [
        [
          "PLAN_SHAPE",
          'Shapes differ at "lm_head.weight" and "model.embed_tokens.weight": a [32, 16], b [34, 16] at the first.',
          true,
        ],
        ["PLAN_SHAPE", 'Shapes differ at "model.norm.weight": a [16], b [17].', false],
      ],
    );
  });

  it("copies tensors that hold no floats from the base, whatever the others have, and counts them", () => {
    const extra = (length: number) =>
      ({ position_ids: ["I64", [length]], mask: ["BOOL", [2]], scale: ["F8_E4M3", [3]] }) as const;
    const plan = planOf(STOCK, [
      llama("a", { extra: extra(8) }),
      llama("b", { extra: extra(9) }),
      llama("c", { extra: { mask: ["BOOL", [2]] } }),
    ]);
    for (const name of ["position_ids", "mask", "scale"]) {
      const tensor = tensorOf(plan, name);
      assert.equal(tensor.action, "copy");
      assert.deepEqual(
        tensor.inputs.map(({ model }) => model),
        [0],
      );
    }
    assert.equal(tensorOf(plan, "position_ids").dtype, "I64");
    assert.equal(tensorOf(plan, "scale").byteLength, 3);
    assert.deepEqual(
      plan.warnings.map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_COPIED",
          '3 tensors without floats ("position_ids", "mask" and "scale") are copied from a, not merged.',
        ],
      ],
    );
  });

  it("copies them from the base when the method takes the base as an input", () => {
    const extra = { ids: ["I64", [2]] } as const;
    const text = { method: "linear", base: "c", models: ["a", "b"], parameters: { weight: 1 } };
    const plan = planOf(
      text,
      ["a", "b", "c"].map((name) => llama(name, { extra })),
    );
    assert.equal(plan.models[tensorOf(plan, "ids").inputs[0]?.model ?? -1]?.reference, "c");
  });

  it("refuses to merge floats with a dtype that cannot be computed with", () => {
    const problems = problemsOf(STOCK, [
      llama("a"),
      llama("b", { extra: { "model.norm.weight": ["F8_E4M3", [16]] } }),
      llama("c"),
    ]);
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_DTYPE",
          'b stores "model.norm.weight" as F8_E4M3, which cannot be merged with the others\' floats.',
        ],
      ],
    );
  });

  it("refuses quantized weights, unless only one model takes part", () => {
    const config = { quantization_config: { quant_method: "gptq" } };
    const extra = { "model.layers.0.mlp.qweight": ["I32", [2]] } as const;
    const models = ["a", "b", "c"].map((name) => llama(name, { extra, config }));
    const problems = problemsOf(STOCK, models);
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [["PLAN_DTYPE", 'a is quantized, so that "model.layers.0.mlp.qweight" cannot be merged.']],
    );
    assert.deepEqual(planOf({ method: "passthrough", models: ["a"] }, models).warnings, []);
  });

  it("refuses different numbers of layers once, not tensor by tensor", () => {
    for (const layers of [2, 4]) {
      const problems = problemsOf(STOCK, [llama("a"), llama("b", { layers }), llama("c")]);
      assert.deepEqual(
        problems.map(({ code, message }) => [code, message]),
        [["PLAN_LAYER_COUNT", `b has ${layers} layers in model.layers, a has 3.`]],
      );
    }
  });

  it("warns when a model has fewer layers than its config says", () => {
    const config = { num_hidden_layers: 5 };
    const plan = planOf(STOCK, [llama("a", { config }), llama("b"), llama("c")]);
    assert.deepEqual(
      plan.warnings.map(({ code, message }) => [code, message]),
      [["PLAN_LAYER_COUNT", "The config of a says 5 layers (num_hidden_layers), its weights have 3."]],
    );
  });

  it("warns of different architectures when the tensors fit all the same", () => {
    const config = { architectures: ["MistralForCausalLM"] };
    const plan = planOf(STOCK, [llama("a"), llama("b", { config }), llama("c", { config })]);
    assert.equal(plan.warnings.length, 1);
    assert.equal(plan.warnings[0]?.code, "PLAN_ARCHITECTURE");
    assert.match(plan.warnings[0].message, /of "b" and "c" is MistralForCausalLM, that of "a" is Llama/);
  });

  it("keeps every name of a model with two stacks, each with its own gradient", () => {
    const shapes: Record<string, readonly number[]> = {};
    for (let i = 0; i < 2; i++) shapes[`encoder.block.${i}.layer.0.q.weight`] = [2, 2];
    for (let i = 0; i < 3; i++) shapes[`decoder.block.${i}.layer.1.k.weight`] = [2, 2];
    shapes["merger.mlp.0.weight"] = [2, 2];
    shapes["merger.mlp.2.weight"] = [2, 2];
    const plan = planOf({ method: "linear", models: ["a", "b"], parameters: { weight: [1, 3] } }, [
      modelOf("a", shapes),
      modelOf("b", shapes),
    ]);
    const weight = (name: string) => parameterOf(tensorOf(plan, name), "weight")[0];
    assert.equal(weight("encoder.block.0.layer.0.q.weight"), 1);
    assert.equal(weight("encoder.block.1.layer.0.q.weight"), 3);
    assert.equal(weight("decoder.block.1.layer.1.k.weight"), 2);
    assert.equal(weight("merger.mlp.2.weight"), 1);
    assert.equal(plan.layerCount, 3);
    const layers = (name: string) => [tensorOf(plan, name).layer, tensorOf(plan, name).layerCount];
    assert.deepEqual(layers("encoder.block.1.layer.0.q.weight"), [1, 2]);
    assert.deepEqual(layers("decoder.block.1.layer.1.k.weight"), [1, 3]);
    assert.deepEqual(layers("merger.mlp.2.weight"), [undefined, undefined]);
  });

  it("takes tensors without any layer as they come", () => {
    const plan = planOf({ method: "linear", models: ["a", "b"], parameters: { weight: [1, 3] } }, [
      modelOf("a", { weight: [2], empty: [0, 4], scalar: [] }),
      modelOf("b", { weight: [2], empty: [0, 4], scalar: [] }),
    ]);
    assert.equal(plan.layerCount, 0);
    assert.equal(plan.output.parameterCount, 3);
    assert.equal(tensorOf(plan, "empty").byteLength, 0);
    assert.equal(tensorOf(plan, "scalar").byteLength, 4);
  });

  it("names a model whose headers were not given", () => {
    assert.throws(() => planOf(STOCK, [llama("a")]), { code: "INTERNAL", message: /"b"/ });
  });
});
