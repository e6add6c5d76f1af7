import assert from "node:assert/strict";
import type { ModelHeaders } from "../../src/sources/types.ts";
import { llama, parameterOf, planOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

/** A model that is one file rather than a folder. */
function bare(reference: string): ModelHeaders {
  const model = llama(reference);
  return { ...model, location: model.files[0]?.path ?? "", config: undefined };
}

const MODELS = [
  { model: "a", parameters: { weight: [{ filter: "mlp", value: [0.25, 0.75] }, { value: 0.5 }] } },
  { model: "b", parameters: { weight: [1, 1] } },
];
const LINEAR: RecipeText = { method: "linear", models: MODELS };
const weights = (plan: ReturnType<typeof planOf>, layer: number) =>
  parameterOf(tensorOf(plan, `model.layers.${layer}.mlp.down_proj.weight`), "weight");

describe("models that are single files", () => {
  it("get the first value of each gradient everywhere, which is said once per setting", () => {
    const plan = planOf(LINEAR, [bare("a"), bare("b")]);
    assert.deepEqual(
      [0, 1, 2].map((layer) => weights(plan, layer)),
      Array(3).fill([0.25, 1]),
    );
    assert.deepEqual(parameterOf(tensorOf(plan, "model.norm.weight"), "weight"), [0.5, 1]);
    assert.deepEqual(
      plan.warnings.map(({ code, message }) => [code, message]),
      [
        [
          "PLAN_PARAMETER",
          'The gradient of "weight" gives its first value everywhere: the models are single files.',
        ],
      ],
    );
    assert.deepEqual(plan.configEdits, {});
    assert.equal(plan.configDtype, undefined);
  });

  it("have layers as others have beside a folder, and in slices", () => {
    const mixed = planOf(LINEAR, [bare("a"), llama("b")]);
    assert.deepEqual(weights(mixed, 2), [0.75, 1]);
    const sources = MODELS.map((source) => ({ ...source, layers: [0, 3] as const }));
    const sliced = planOf({ method: "linear", slices: [{ sources }] }, [bare("a"), bare("b")]);
    assert.deepEqual(weights(sliced, 2), [0.75, 1]);
    assert.deepEqual(sliced.warnings, []);
  });
});
