import assert from "node:assert/strict";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { planMerge } from "../../src/plan/plan.ts";
import { METHODS } from "../../src/methods/index.ts";
import type { ModelHeaders } from "../../src/sources/types.ts";
import type { ExplainedParameter, TensorExplanation } from "../../src/plan/explanation.ts";
import type { Position } from "../../src/errors.ts";
import { PARTS } from "../fixtures/tiny-parts.ts";
import { dedent } from "../recipe/faults.ts";
import { headersOf, llama } from "./build.ts";

function explain(text: string, models: readonly ModelHeaders[], word: string): readonly TensorExplanation[] {
  const { recipe } = parseRecipe(dedent(text), { file: "r.yml" });
  const headers = new Map(models.map((model) => [model.reference, model]));
  const plan = planMerge(recipe, headers, { methods: METHODS, maxShardBytes: 5e9, explain: word });
  return plan.explanations ?? [];
}

function one(text: string, models: readonly ModelHeaders[], word: string): TensorExplanation {
  const [only, ...others] = explain(text, models, word);
  assert.ok(only !== undefined);
  assert.deepEqual(others, []);
  return only;
}

const place = (position: Position | undefined) =>
  position === undefined ? "-" : `${position.line}:${position.column}`;
const rule = ({ name, value, level, why, position }: ExplainedParameter) =>
  `${name} ${String(value)} ${level} ${place(position)} ${why}`;
const inputs = ({ inputs: all }: TensorExplanation) =>
  all.map(({ role, model, why, position }) => `${role} ${model} ${place(position)} ${why}`);

const MODELS = [llama("base"), llama("a"), llama("b")];
const RECIPE = `
  merge_method: slerp
  base_model: base
  models:
    - model: a
  parameters:
    t:
      - filter: mlp
        value: [0, 0.5, 1]
      - value: 0.25
  dtype: bfloat16
  overrides:
    - tensors: ["*.1.mlp.*", "lm_head*"]
      merge_method: linear
      parameters:
        weight: [{filter: "*.?.mlp.*", value: 2}, {filter: "lm", value: 3}]
    - layers: [2, 3]
      merge_method: passthrough
      model: b
    - layers: [0, 1]
      parameters: {t: 0.75}
`;

describe("explanations of tensors", () => {
  it("name the line that gave each parameter its value, with filter and gradient", () => {
    const of = (word: string) => one(RECIPE, MODELS, word).parameters.map(rule);
    assert.deepEqual(of("model.embed_tokens.weight"), [
      "t 0.25 recipe 6:3 the recipe's parameters, the entry without a filter",
    ]);
    assert.deepEqual(of("model.layers.0.mlp.down_proj.weight"), [
      "t 0.75 override 20:18 the override's parameters",
    ]);
    const linear = one(RECIPE, MODELS, "model.layers.1.mlp.down_proj.weight");
    assert.deepEqual(linear.parameters.map(rule), ["normalize true default - the default of linear"]);
    assert.deepEqual(
      linear.inputs.flatMap(({ parameters }) => parameters.map(rule)),
      [`weight 2 override 15:7 the override's parameters, filter "*.?.mlp.*"`],
    );
    const gradient = RECIPE.slice(0, RECIPE.indexOf("overrides"));
    assert.deepEqual(one(gradient, MODELS, "model.layers.1.mlp.down_proj.weight").parameters.map(rule), [
      `t 0.5 recipe 6:3 the recipe's parameters, filter "mlp", gradient [0, 0.5, 1] at 0.5`,
    ]);
  });

  it("name the line that chose the method, and what the dtype follows from", () => {
    const of = (word: string, text = RECIPE) => {
      const { method, dtype } = one(text, MODELS, word);
      return [method.value, place(method.position), method.why, dtype.value, dtype.why];
    };
    assert.deepEqual(of("model.norm.weight"), [
      "slerp",
      "1:15",
      "the recipe's merge_method",
      "BF16",
      "the recipe's dtype",
    ]);
    assert.deepEqual(of("lm_head.weight").slice(0, 3), [
      "linear",
      "12:5",
      'the override of tensors "*.1.mlp.*", "lm_head*"',
    ]);
    assert.deepEqual(of("model.layers.2.input_layernorm.weight").slice(0, 3), [
      "passthrough",
      "16:5",
      "the override of layers [2, 3)",
    ]);
    assert.deepEqual(of("model.norm.weight", "base_model: base\nmodels: [{model: a}, {model: b}]\n"), [
      "model_stock",
      "-",
      "the default: the recipe names no merge_method",
      "F32",
      "the inputs' dtypes",
    ]);
  });

  it("say of each model what it is there for, or why it is left out", () => {
    assert.deepEqual(inputs(one(RECIPE, MODELS, "model.norm.weight")), [
      "base base 2:13 the base model",
      "input a 4:12 listed",
    ]);
    assert.deepEqual(inputs(one(RECIPE, MODELS, "lm_head.weight")), [
      "input a 4:12 listed",
      "left out base 2:13 the base is no input of linear here",
    ]);
    assert.deepEqual(inputs(one(RECIPE, MODELS, "model.layers.2.mlp.down_proj.weight")), [
      "input b 16:5 the override's model",
      "left out a 4:12 the override takes one model alone",
      "left out base 2:13 the override takes one model alone",
    ]);
  });

  it("tell of embeddings that stand in for heads, of tensors that a model lacks, and of copies", () => {
    const bias = { "model.layers.0.self_attn.q_proj.bias": [16] };
    const models = [
      llama("base", { extra: { ...bias, ids: ["I64", [3]] } }),
      llama("a", { extra: { ids: ["I64", [3]] }, tied: true }),
      llama("b", { extra: { ...bias, ids: ["I64", [3]] } }),
    ];
    const text = "merge_method: slerp\nbase_model: base\nmodels: [{model: a}]\nparameters: {t: 0.5}\n";
    assert.deepEqual(inputs(one(text, models, "lm_head.weight")), [
      "base base 2:13 the base model",
      "input a 3:18 listed; it has no such tensor, and its tied embedding stands in",
    ]);
    const copied = one(text, models, "q_proj.bias");
    assert.equal(copied.method.why, "slerp does not run here: too few models have the tensor");
    assert.deepEqual(copied.parameters, []);
    assert.deepEqual(inputs(copied), [
      "base base 2:13 the base model",
      "left out a 3:18 it has no model.layers.0.self_attn.q_proj.bias",
    ]);
    assert.equal(one(text, models, "ids").method.why, "slerp does not run here: the tensor holds no floats");
  });

  it("name slice, module and the layer of each source", () => {
    const text = `
      merge_method: linear
      parameters: {weight: 1}
      modules:
        encoder: {models: [{model: a}]}
        shared: {models: [{model: a}]}
        decoder:
          parameters: {weight: 0.5}
          slices:
            - sources: [{model: a, layer_range: [0, 1]}]
            - sources: [{model: a, layer_range: [1, 3]}, {model: b, layer_range: [0, 2]}]
    `;
    const models = [headersOf("a", PARTS.t5), headersOf("b", PARTS.t5)];
    const found = one(text, models, "decoder.block.2.layer.0.SelfAttention.k.weight");
    assert.deepEqual([found.module?.value, place(found.module?.position)], ["decoder", "6:3"]);
    assert.deepEqual([found.slice?.value, place(found.slice?.position)], ["slice 2 of 2", "10:9"]);
    assert.equal(found.slice?.why, "a [1, 3), b [0, 2)");
    assert.equal(found.t, 1);
    assert.deepEqual(
      found.inputs.map(({ model, tensor, parameters }) => [model, tensor, ...parameters.map(rule)]),
      [
        [
          "a",
          "decoder.block.2.layer.0.SelfAttention.k.weight",
          "weight 0.5 module 7:18 the module's parameters",
        ],
        [
          "b",
          "decoder.block.1.layer.0.SelfAttention.k.weight",
          "weight 0.5 module 7:18 the module's parameters",
        ],
      ],
    );
  });

  it("are of the tensor of that name, else of those that a glob or a part of a name means", () => {
    const text = "merge_method: passthrough\nmodels: [{model: a}]\n";
    const count = (word: string) => explain(text, MODELS, word).length;
    assert.equal(count("lm_head.weight"), 1);
    assert.equal(count("weight"), 12);
    assert.equal(count("model.layers.?.mlp.*"), 3);
    assert.equal(count("*.mlp"), 0);
    assert.equal(count("layers.1."), 3);
  });

  it("agree with the plan, and are not in a plan that nobody asked to explain", () => {
    const { recipe } = parseRecipe(dedent(RECIPE), { file: "r.yml" });
    const headers = new Map(MODELS.map((model) => [model.reference, model]));
    const options = { methods: METHODS, maxShardBytes: 5e9 };
    const { explanations = [], ...plan } = planMerge(recipe, headers, { ...options, explain: "*" });
    assert.deepEqual(planMerge(recipe, headers, options), plan);
    assert.deepEqual(
      explanations.map(({ tensor, action, method, dtype, parameters, inputs: all }) => ({
        name: tensor,
        action,
        method: method.value,
        dtype: dtype.value,
        parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
        inputs: all.flatMap(({ role, tensor: name, parameters: own }) =>
          role === "input"
            ? [{ name, ...Object.fromEntries(own.map((each) => [each.name, each.value])) }]
            : [],
        ),
      })),
      plan.tensors.map(({ name, action, method, dtype, parameters, inputs: all }) => ({
        name,
        action,
        method,
        dtype,
        parameters,
        inputs: all.map(({ tensor, parameters: own }) => ({ name: tensor, ...own })),
      })),
    );
  });
});
