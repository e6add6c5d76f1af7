import assert from "node:assert/strict";
import { headersOf, llama, modelOf, planOf, tensorOf } from "./build.ts";
import { DECODERS } from "../fixtures/tiny-decoders.ts";
import type { RecipeText } from "./build.ts";

const slice = (model: string, layers: readonly [number, number]) => ({ sources: [{ model, layers }] });
const comparison = (text: RecipeText, models: Parameters<typeof planOf>[1]) => {
  const { addedTensors, missingTensors, addedParameters } = planOf(text, models).output;
  return [addedTensors, missingTensors, addedParameters];
};
const LAYER_PARAMETERS = 16 + 16 * 24 + 16 * 16;

describe("the output compared with the base", () => {
  it("has the same tensors and as many parameters, unless the recipe says otherwise", () => {
    const models = [llama("base"), llama("a"), llama("b")];
    assert.deepEqual(
      comparison({ method: "model_stock", base: "base", models: ["a", "b"] }, models),
      [0, 0, 0],
    );
    const stacked: RecipeText = { method: "passthrough", slices: [slice("a", [0, 3]), slice("b", [1, 3])] };
    assert.deepEqual(comparison(stacked, models), [6, 0, 2 * LAYER_PARAMETERS]);
    const cut: RecipeText = { method: "passthrough", slices: [slice("a", [0, 1])] };
    assert.deepEqual(comparison(cut, models), [0, 6, -2 * LAYER_PARAMETERS]);
  });

  it("counts a head that only another model stores", () => {
    const models = [llama("base", { tied: true }), llama("a"), llama("b")];
    assert.deepEqual(comparison({ method: "model_stock", base: "base", models: ["a", "b"] }, models), [
      1,
      0,
      32 * 16,
    ]);
  });
});

describe("heads and embeddings of restacked models", () => {
  const stack = (first: string, last: string): RecipeText => ({
    method: "passthrough",
    slices: [slice(first, [0, 2]), slice(last, [1, 3])],
  });
  const untied = llama("untied");
  const tied = llama("tied", { tied: true });

  it("make a head of the embedding of a last slice that ties it, where the first slice has an embedding of its own", () => {
    const plan = planOf(stack("untied", "tied"), [untied, tied]);
    const [input] = tensorOf(plan, "lm_head.weight").inputs;
    assert.deepEqual(
      [plan.models[input?.model ?? -1]?.reference, input?.tensor],
      ["tied", "model.embed_tokens.weight"],
    );
    assert.equal(plan.configEdits["tie_word_embeddings"], undefined);
    assert.deepEqual(
      plan.warnings.map(({ code }) => code),
      ["PLAN_TIED"],
    );
  });

  it("untie the config where the last slice brings a head", () => {
    const plan = planOf(stack("tied", "untied"), [tied, untied]);
    assert.equal(tensorOf(plan, "lm_head.weight").inputs[0]?.model, 1);
    assert.equal(plan.configEdits["tie_word_embeddings"], false);
  });

  it("stay tied where no model stores a head", () => {
    const plan = planOf(stack("tied", "other"), [tied, llama("other", { tied: true })]);
    assert.ok(!plan.tensors.some(({ name }) => name === "lm_head.weight"));
    assert.equal(plan.configEdits["tie_word_embeddings"], undefined);
  });

  it("find the key where the config states it: in its part for text", () => {
    const config = { architectures: ["X"], text_config: { num_hidden_layers: 3, tie_word_embeddings: true } };
    const shapes = DECODERS.mistral;
    const withHead = headersOf("b", { ...shapes, config: { text_config: { tie_word_embeddings: false } } });
    const without = {
      ...shapes,
      config,
      tensors: shapes.tensors.filter(({ name }) => name !== "lm_head.weight"),
    };
    const models = [
      { model: "a", parameters: { weight: 1 } },
      { model: "b", parameters: { weight: 1 } },
    ];
    const plan = planOf({ method: "linear", models }, [headersOf("a", without), withHead]);
    assert.deepEqual(plan.configEdits, { "text_config.tie_word_embeddings": false });
  });
});

describe("the architecture that a reference names", () => {
  const config = { architectures: ["LlamaForCausalLM"] };
  const models = ["a", "b"].map((name) => modelOf(name, { w: [2] }, { config }));
  const planWith = (overriding: "a" | "b", name: string) => {
    const text: RecipeText = {
      method: "linear",
      models: ["a", "b"],
      parameters: { weight: 1 },
      architectures: { [overriding]: name },
    };
    const { configEdits, warnings } = planOf(text, models);
    return [configEdits, warnings.map(({ code, message }) => `${code} ${message}`)];
  };

  it("goes into the output's config where the model gives it, and counts in comparisons", () => {
    const warning = (of: string, name: string, first: string) =>
      `PLAN_ARCHITECTURE The architecture of "${of}" is ${name}, that of "a" is ${first}.`;
    assert.deepEqual(planWith("a", "MistralForCausalLM"), [
      { architectures: ["MistralForCausalLM"] },
      [warning("b", "LlamaForCausalLM", "MistralForCausalLM")],
    ]);
    assert.deepEqual(planWith("b", "Other"), [{}, [warning("b", "Other", "LlamaForCausalLM")]]);
    assert.deepEqual(planWith("a", "LlamaForCausalLM"), [{}, []]);
  });
});
