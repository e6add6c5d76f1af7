import assert from "node:assert/strict";
import { ENCODERS } from "../fixtures/tiny-encoders.ts";
import { headersOf, parameterOf, planOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const MODELS = ["base", "a", "b"].map((name) => headersOf(name, ENCODERS.cnn));
const VARIANCE = "features.1.bn.running_var";
const warningsOf = (text: RecipeText) =>
  planOf(text, MODELS).warnings.filter(({ code }) => code === "PLAN_STATISTICS");

describe("running statistics of batch normalisation", () => {
  it("are averaged by methods that would make variances of their own, whatever their weights", () => {
    const text: RecipeText = {
      method: "task_arithmetic",
      base: "base",
      models: [
        { model: "a", parameters: { weight: -2 } },
        { model: "b", parameters: { weight: 3 } },
      ],
    };
    const plan = planOf(text, MODELS);
    const tensor = tensorOf(plan, VARIANCE);
    assert.deepEqual([tensor.action, tensor.method, tensor.base], ["merge", "linear", undefined]);
    assert.deepEqual(
      tensor.inputs.map(({ model }) => plan.models[model]?.reference),
      ["a", "b"],
    );
    assert.deepEqual(parameterOf(tensor, "weight"), [1, 1]);
    assert.equal(tensorOf(plan, "features.1.bn.weight").method, "task_arithmetic");
    const one = planOf({ ...text, models: [{ model: "a", parameters: { weight: 0.5 } }] }, MODELS);
    assert.deepEqual(
      tensorOf(one, VARIANCE).inputs.map(({ model }) => one.models[model]?.reference),
      ["base", "a"],
    );
  });

  it("are merged like weights by methods that stay between their inputs", () => {
    const linear = planOf(
      {
        method: "linear",
        models: [
          { model: "a", parameters: { weight: 1 } },
          { model: "b", parameters: { weight: 3 } },
        ],
      },
      MODELS,
    );
    assert.deepEqual(parameterOf(tensorOf(linear, VARIANCE), "weight"), [1, 3]);
    const slerp = planOf({ method: "slerp", base: "base", models: ["a"], parameters: { t: 0.25 } }, MODELS);
    assert.equal(tensorOf(slerp, VARIANCE).method, "slerp");
  });

  it("come with one warning that says how to compute them anew", () => {
    const [warning, ...others] = warningsOf({ method: "model_stock", base: "base", models: ["a", "b"] });
    assert.deepEqual(others, []);
    assert.match(
      warning?.message ?? "",
      /^8 running statistics of batch normalisation \("stem\.bn\.running_mean", .*\) are averaged/,
    );
    assert.match(warning?.hint ?? "", /update_bn.*override/);
  });

  it("are taken from one model without a warning, and merged by a method that an override names", () => {
    const override = { tensors: ["*.running_*"], mergeMethod: "passthrough", model: "a" };
    const text: RecipeText = { method: "ties", base: "base", models: ["a", "b"], parameters: { weight: 1 } };
    assert.deepEqual(warningsOf({ ...text, overrides: [override] }), []);
    const ties = { tensors: ["*.running_*"], mergeMethod: "ties" };
    assert.equal(tensorOf(planOf({ ...text, overrides: [ties] }, MODELS), VARIANCE).method, "ties");
    assert.deepEqual(warningsOf({ method: "passthrough", models: ["a"] }), []);
  });

  it("say in an explanation why the recipe's method does not run", () => {
    const plan = planOf(
      { method: "ties", base: "base", models: ["a", "b"], parameters: { weight: 1 } },
      MODELS,
      { explain: VARIANCE },
    );
    const [explanation] = plan.explanations ?? [];
    assert.equal(explanation?.method.why, "ties does not run here: running statistics are averaged");
  });

  it("have counters beside them, which are copied from the base", () => {
    const plan = planOf({ method: "model_stock", base: "base", models: ["a", "b"] }, MODELS);
    const counter = tensorOf(plan, "stem.bn.num_batches_tracked");
    assert.deepEqual([counter.action, counter.dtype, counter.inputs[0]?.model], ["copy", "I64", 0]);
  });
});
