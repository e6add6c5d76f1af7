import assert from "node:assert/strict";
import { defineMethod } from "../../src/methods/define.ts";
import { weightedSum } from "../../src/methods/combination.ts";
import { METHODS } from "../../src/methods/index.ts";
import { integer } from "../../src/methods/params.ts";
import { llama, planOf, problemsOf } from "./build.ts";

const MODELS = [llama("base"), llama("ft1"), llama("ft2")];

describe("parameters at planning", () => {
  it("are missed once, not tensor by tensor, an appended base's among them", () => {
    const problems = problemsOf(
      {
        method: "linear",
        base: "base",
        models: ["ft1", "ft2"].map((model) => ({ model, parameters: { weight: 1 } })),
      },
      MODELS,
    );
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.code, "RECIPE_MISSING_PARAMETER");
    assert.match(problems[0].message, /"weight" for model base at tensor lm_head\.weight.*11 more tensors/);
  });

  it("of a wrong value at some layers only are refused with the place of the setting", () => {
    const steps = defineMethod({
      name: "steps",
      title: "Steps",
      summary: "Takes the first model.",
      formula: "out = x_1",
      base: "ignored",
      models: { min: 1 },
      parameters: { steps: integer({ doc: "Number of steps." }) },
      whenMissing: "error",
      symmetric: false,
      solve: ({ n }) => ({ combination: weightedSum([1, ...Array<number>(n - 1).fill(0)]) }),
    });
    const problems = problemsOf(
      { method: "steps", models: ["ft1", "ft2"], parameters: { steps: [1, 2] } },
      MODELS,
      { methods: [...METHODS, steps] },
    );
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.code, "PLAN_PARAMETER");
    assert.match(problems[0].message, /"steps" is 1\.5 at tensor model\.layers\.1/);
    assert.match(problems[0].message, /2 more tensors/);
    assert.match(problems[0].frame ?? "", /line 1/);
  });

  it("that a method refuses together are named with their tensors", () => {
    const weight = (value: number) => ({ weight: [{ filter: "mlp", value }, { value: 1 }] });
    const problems = problemsOf(
      {
        method: "linear",
        models: [
          { model: "ft1", parameters: weight(0.5) },
          { model: "ft2", parameters: weight(-0.5) },
        ],
      },
      MODELS,
    );
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.code, "PLAN_PARAMETER");
    assert.match(problems[0].message, /"model\.layers\.0\.mlp.*sum to zero/);
  });

  it("with a filter that is part of no name are named, with the nearest part of a name", () => {
    const { warnings } = planOf(
      {
        method: "linear",
        models: ["ft1", "ft2"],
        parameters: {
          weight: [
            { filter: "self_atn", value: 0.5 },
            { filter: "mlp", value: 0.1 },
            { filter: "*", value: 1 },
          ],
        },
      },
      MODELS,
    );
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_NO_MATCH",
          'The filter "self_atn" of "weight" is part of no tensor\'s name. Did you mean "self_attn"?',
        ],
      ],
    );
  });

  it("look for a source's filters in that source's own names", () => {
    const layers = [1, 2] as const;
    const source = (filter: string) => ({
      model: "ft1",
      layers,
      parameters: { scale: [{ filter, value: 0.5 }] },
    });
    const warned = (filter: string) =>
      planOf({ method: "passthrough", slices: [{ sources: [source(filter)] }] }, MODELS).warnings.length;
    assert.equal(warned("layers.1.mlp"), 0);
    assert.equal(warned("layers.0.mlp"), 1);
  });

  it("that another one leaves without effect are a warning that says which", () => {
    const warned = (parameters: Record<string, boolean>) =>
      planOf({ method: "nuslerp", models: ["ft1", "ft2"], parameters: { weight: 1, ...parameters } }, MODELS)
        .warnings;
    for (const flatten of [{}, { nuslerp_flatten: true }]) {
      const [problem, ...more] = warned({ nuslerp_row_wise: true, ...flatten });
      assert.deepEqual(more, []);
      assert.equal(problem?.code, "RECIPE_MISPLACED_PARAMETER");
      assert.equal(problem.message, '"nuslerp_row_wise" changes nothing where nuslerp_flatten is true.');
    }
    assert.deepEqual(warned({ nuslerp_row_wise: true, nuslerp_flatten: false }), []);
    assert.deepEqual(warned({ nuslerp_row_wise: false, nuslerp_flatten: true }), []);
  });

  it("need a merge method that exists", () => {
    assert.throws(() => planOf({ method: "linaer", models: ["ft1"] }, MODELS), {
      code: "RECIPE_UNKNOWN_METHOD",
      hint: "Use linear.",
    });
  });

  it("and too few models or no base are refused at planning", () => {
    const codes = (text: Parameters<typeof problemsOf>[0]) =>
      problemsOf(text, MODELS).map(({ code, message }) => [code, message.split(" (at ")[0]]);
    assert.deepEqual(codes({ method: "model_stock", base: "base", models: ["ft1"] }), [
      ["PLAN_MODEL_COUNT", "model_stock takes at least 2 models beside the base, and 1 is given"],
    ]);
    assert.deepEqual(codes({ method: "model_stock", models: ["ft1", "ft2"] }), [
      ["PLAN_MODEL_COUNT", "model_stock needs a base model, and the recipe has none"],
    ]);
    assert.deepEqual(codes({ method: "slerp", base: "base", models: ["ft1", "ft2"], parameters: { t: 0 } }), [
      ["PLAN_MODEL_COUNT", "slerp takes exactly 1 model beside the base, and 2 are given"],
    ]);
  });
});
