import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ParameterSpecs } from "../../src/methods/params.ts";
import { METHODS, methodByName } from "../../src/methods/index.ts";
import { referencedModels } from "../../src/recipe/references.ts";
import { planMerge } from "../../src/plan/plan.ts";
import type { MergePlan, PlannedInput, PlannedTensor } from "../../src/plan/types.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { openModels } from "../../src/sources/open.ts";
import { torchName } from "../../src/tensor/dtype.ts";
import type { FloatDtype } from "../../src/tensor/dtype.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import { readSafetensors, readWeights } from "../fixtures/read-safetensors.ts";
import { run } from "../methods/evaluate.ts";
import { slices } from "../reference/vectors.ts";

const ROOT = "test/golden";

interface Expected {
  readonly tolerance: { readonly atol: number; readonly rtol: number };
  readonly differs_on_purpose: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** What a plan says can be evaluated by itself where coefficients do not differ per element. */
const LINEAR = [
  "model_stock",
  "linear",
  "task_arithmetic",
  "slerp",
  "nuslerp",
  "multislerp",
  "karcher",
  "passthrough",
];

/** Recipes of one document with linear methods by tensor or row, and without a tokenizer. */
const cases = readdirSync(join(ROOT, "cases")).filter((name) => {
  const text = readFileSync(join(ROOT, "cases", name, "recipe.yml"), "utf8");
  const method = /^merge_method: (\w+)$/m.exec(text)?.[1] ?? "";
  return LINEAR.includes(method) && !/^---|^tokenizer|nuslerp_row_wise/m.test(text);
});

async function planCase(name: string): Promise<MergePlan> {
  const file = join(ROOT, "cases", name, "recipe.yml");
  const { recipe } = parseRecipe(readFileSync(file, "utf8"), { file });
  const models = await openModels(referencedModels(recipe), { searchFrom: [ROOT] });
  return planMerge(recipe, models, { methods: METHODS, maxShardBytes: 5e9 });
}

/** The tensor in plain f64, unit by unit, from the plan and the methods alone. */
function evaluate(tensor: PlannedTensor, weights: readonly ReturnType<typeof readWeights>[]): number[] {
  const valuesOf = (input: PlannedInput) => [...(weights[input.model]?.get(input.tensor)?.values ?? [])];
  const inputs = tensor.inputs.map(valuesOf);
  const base = tensor.base && valuesOf(tensor.base);
  const method = methodByName(tensor.method);
  assert.ok(method !== undefined);
  const parameters: Record<string, unknown> = { ...tensor.parameters };
  for (const [name, { scope }] of Object.entries(method.parameters as ParameterSpecs)) {
    if (scope === "model") parameters[name] = tensor.inputs.map((input) => input.parameters[name]);
  }
  const { shape, granularity } = tensor;
  const slicing = granularity === "row" ? "rows" : granularity === "column" ? "columns" : "tensor";
  const out = new Array<number>(elementCount(shape));
  for (const indices of slices(shape, slicing)) {
    const part = (values: readonly number[]) => indices.map((i) => values[i] ?? NaN);
    const solved = run(method, parameters, base && part(base), inputs.map(part)).out;
    indices.forEach((index, i) => (out[index] = solved[i] ?? NaN));
  }
  return out;
}

describe("plans of mergekit's recipes", () => {
  it("cover the cases of these methods", () => {
    assert.ok(cases.length >= 18, cases.join(", "));
  });

  for (const name of cases) {
    it(`give mergekit's tensors for ${name}`, async () => {
      const plan = await planCase(name);
      const folder = join(ROOT, "cases", name);
      const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;
      const { tensors } = readSafetensors(join(folder, "expected.safetensors"));
      const weights = plan.models.map(({ location }) => readWeights(location));
      assert.deepEqual(plan.tensors.map((tensor) => tensor.name).sort(), [...tensors.keys()].sort());
      for (const tensor of plan.tensors) {
        const wanted = tensors.get(tensor.name);
        assert.deepEqual([tensor.dtype, tensor.shape], [wanted?.dtype, wanted?.shape], tensor.name);
        if (expected.differs_on_purpose.includes(tensor.name)) continue;
        evaluate(tensor, weights).forEach((value, i) => {
          const want = wanted?.values[i] ?? NaN;
          const room = expected.tolerance.atol + expected.tolerance.rtol * Math.abs(want);
          assert.ok(Math.abs(value - want) <= room, `${tensor.name}[${i}] is ${value}, not ${want}`);
        });
      }
      const config = plan.configEdits["num_hidden_layers"] ?? 3;
      assert.equal(config, expected.config["num_hidden_layers"]);
      if (plan.configDtype !== undefined) {
        assert.equal(torchName(plan.configDtype as FloatDtype), expected.config["dtype"]);
      }
    });
  }
});
