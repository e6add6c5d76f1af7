import assert from "node:assert/strict";
import { matchesGlob } from "../../src/recipe/glob.ts";
import { llama, parameterOf, planOf, problemsOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const MODELS = [llama("base"), llama("ft1"), llama("ft2"), llama("other")];
const STOCK: RecipeText = { method: "model_stock", base: "base", models: ["ft1", "ft2"] };
const references = (plan: ReturnType<typeof planOf>, name: string) =>
  tensorOf(plan, name).inputs.map(({ model }) => plan.models[model]?.reference);

describe("overrides", () => {
  it("give method and parameters to the tensors they match, the first that matches", () => {
    const plan = planOf(
      {
        ...STOCK,
        overrides: [
          { tensors: ["*.1.mlp.*"], mergeMethod: "slerp", model: "ft1", parameters: { t: 0.25 } },
          { tensors: ["*mlp*"], layers: [0, 2], parameters: { theta: "gram" } },
          { layers: [0, 2], parameters: { theta: "angle" } },
        ],
      },
      MODELS,
    );
    const of = (name: string) => {
      const { method, parameters } = tensorOf(plan, name);
      return [method, parameters["theta"] ?? parameters["t"]];
    };
    assert.deepEqual(of("model.layers.1.mlp.down_proj.weight"), ["slerp", 0.25]);
    assert.deepEqual(of("model.layers.0.mlp.down_proj.weight"), ["model_stock", "gram"]);
    assert.deepEqual(of("model.layers.1.self_attn.q_proj.weight"), ["model_stock", "angle"]);
    assert.deepEqual(of("model.layers.2.mlp.down_proj.weight"), ["model_stock", "cosine"]);
    assert.deepEqual(of("lm_head.weight"), ["model_stock", "cosine"]);
  });

  it("leave the base of the recipe's method out of a method that ignores it, unless they name it", () => {
    const plan = planOf(
      {
        ...STOCK,
        overrides: [
          { tensors: ["lm_head.*"], mergeMethod: "linear", parameters: { weight: 0.5 } },
          { layers: [0, 1], mergeMethod: "passthrough", model: "base" },
        ],
      },
      MODELS,
    );
    assert.deepEqual(references(plan, "lm_head.weight"), ["ft1", "ft2"]);
    assert.deepEqual(parameterOf(tensorOf(plan, "lm_head.weight"), "weight"), [0.5, 0.5]);
    const kept = tensorOf(plan, "model.layers.0.input_layernorm.weight");
    assert.equal(kept.action, "copy");
    assert.equal(kept.base, undefined);
    assert.deepEqual(references(plan, kept.name), ["base"]);
  });

  it("can take a tensor from a model that is not merged otherwise", () => {
    const overrides = [{ tensors: ["lm_head.weight"], mergeMethod: "passthrough", model: "other" }];
    const plan = planOf({ ...STOCK, overrides }, MODELS);
    assert.deepEqual(references(plan, "lm_head.weight"), ["other"]);
    assert.deepEqual(
      plan.models.map(({ reference, role }) => [reference, role]),
      [
        ["base", "base"],
        ["ft1", "model"],
        ["ft2", "model"],
        ["other", "model"],
      ],
    );
    assert.equal(plan.models[3]?.readBytes, 32 * 16 * 4);
  });

  it("cure a tensor that a model lacks", () => {
    const name = "model.layers.1.mlp.gate.weight";
    const extra = { [name]: [2, 16] };
    const models = [llama("base", { extra }), llama("ft1"), llama("ft2", { extra })];
    assert.equal(problemsOf(STOCK, models)[0]?.code, "PLAN_MISSING_TENSOR");
    const overrides = [{ tensors: [name], mergeMethod: "passthrough", model: "base" }];
    assert.deepEqual(references(planOf({ ...STOCK, overrides }, models), name), ["base"]);
  });

  it("set parameters above those of models, which still hold where the override is silent", () => {
    const models = [{ model: "ft1", parameters: { weight: 0.3 } }, "ft2"];
    const plan = planOf(
      {
        method: "task_arithmetic",
        base: "base",
        models,
        parameters: { weight: 0.6, lambda: 2 },
        overrides: [
          { layers: [0, 1], parameters: { weight: [0.1, 0.2] } },
          { layers: [1, 2], parameters: { lambda: 3 } },
        ],
      },
      MODELS,
    );
    const of = (layer: number) => {
      const tensor = tensorOf(plan, `model.layers.${layer}.input_layernorm.weight`);
      return [...parameterOf(tensor, "weight"), tensor.parameters["lambda"]];
    };
    assert.deepEqual(of(0), [0.1, 0.1, 2]);
    assert.deepEqual(of(1), [0.3, 0.6, 3]);
    assert.deepEqual(of(2), [0.3, 0.6, 2]);
  });

  it("are counted as the method needs: passthrough of several models is refused with a cure", () => {
    const problems = problemsOf(
      { ...STOCK, overrides: [{ tensors: ["lm_head.weight"], mergeMethod: "passthrough" }] },
      MODELS,
    );
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [["PLAN_MODEL_COUNT", 'passthrough takes exactly 1 model, and 2 are given (at "lm_head.weight").']],
    );
    assert.match(problems[0]?.hint ?? "", /`model`/);
  });

  it("name layers of the output, not of the sources", () => {
    const plan = planOf(
      {
        method: "passthrough",
        slices: [
          { sources: [{ model: "ft1", layers: [0, 1] }] },
          { sources: [{ model: "ft2", layers: [0, 1] }] },
        ],
        overrides: [{ layers: [1, 2], parameters: { scale: 0.5 } }],
      },
      MODELS,
    );
    const scale = (layer: number) =>
      parameterOf(tensorOf(plan, `model.layers.${layer}.input_layernorm.weight`), "scale");
    assert.deepEqual(scale(0), [undefined]);
    assert.deepEqual(scale(1), [0.5]);
  });

  it("that match nothing are refused, with the nearest match or the last layer", () => {
    const errors = (override: NonNullable<RecipeText["overrides"]>[number]) =>
      problemsOf({ ...STOCK, overrides: [override] }, MODELS).map(({ code, message }) => [code, message]);
    const sentence = "No tensor of the output matches this override.";
    assert.deepEqual(errors({ tensors: ["lm_haed.weight"] }), [
      ["PLAN_NO_MATCH", `${sentence} Did you mean "lm_head.weight"?`],
    ]);
    assert.deepEqual(errors({ tensors: ["q_proj"] }), [
      ["PLAN_NO_MATCH", `${sentence} Did you mean "*q_proj*"?`],
    ]);
    assert.deepEqual(errors({ layers: [3, 9] }), [["PLAN_NO_MATCH", `${sentence} The last layer is 2.`]]);
    assert.deepEqual(errors({ tensors: ["lm_head.*"], layers: [0, 9] }), [
      ["PLAN_NO_MATCH", `${sentence} No tensor name has a layer number.`],
    ]);
  });

  it("that earlier ones shadow are refused as such", () => {
    const overrides = [{ tensors: ["*"] }, { tensors: ["lm_head.weight"] }];
    const [problem, ...others] = problemsOf({ ...STOCK, overrides }, MODELS);
    assert.deepEqual(others, []);
    assert.equal(problem?.code, "PLAN_NO_MATCH");
    assert.match(problem.message, /taken by an earlier one/);
    assert.equal(problem.position?.line, 7);
  });
});

describe("globs", () => {
  it("match whole names, with * over dots and ? for one character", () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      ["lm_head.weight", "lm_head.weight", true],
      ["lm_head", "lm_head.weight", false],
      ["*.weight", "model.layers.0.mlp.weight", true],
      ["model.*.?.mlp*", "model.layers.3.mlp.weight", true],
      ["model.*.?.mlp*", "model.layers.13.mlp.weight", false],
      ["*a*b*c", "xaxbxc", true],
      ["*a*b*c", "xaxcxb", false],
      ["", "", true],
      ["*", "", true],
      ["?", "", false],
      ["a.b", "axb", false],
      ["*[0]*", "x[0]y", true],
    ];
    for (const [glob, text, expected] of cases)
      assert.equal(matchesGlob(glob, text), expected, `${glob} ${text}`);
  });

  it("stay quick on patterns that make backtracking explode", () => {
    assert.equal(matchesGlob(`${"*a".repeat(40)}*b`, "a".repeat(2000)), false);
  });
});
