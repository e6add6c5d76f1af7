import assert from "node:assert/strict";
import type { Dtype } from "../../src/tensor/dtype.ts";
import { llama, planOf, tensorOf } from "./build.ts";
import type { RecipeText } from "./build.ts";

const models = (...dtypes: Dtype[]) => dtypes.map((dtype, i) => llama(`m${i}`, { dtype }));
const linear = (count: number, dtypes: Pick<RecipeText, "dtype" | "outDtype"> = {}): RecipeText => ({
  method: "linear",
  models: Array.from({ length: count }, (_, i) => `m${i}`),
  parameters: { weight: 1 },
  ...dtypes,
});
const NORM = "model.norm.weight";

describe("dtypes of the output", () => {
  it("hold the values of all inputs where the recipe asks for none", () => {
    const dtypeOf = (...dtypes: Dtype[]) =>
      tensorOf(planOf(linear(dtypes.length), models(...dtypes)), NORM).dtype;
    assert.equal(dtypeOf("BF16", "BF16"), "BF16");
    assert.equal(dtypeOf("F32", "BF16", "F16"), "F32");
    assert.equal(dtypeOf("BF16", "F16"), "F32");
    assert.equal(dtypeOf("F16", "F64"), "F64");
  });

  it("follow the command line, then out_dtype, then dtype", () => {
    const inputs = models("F32", "F32");
    const dtypeOf = (text: RecipeText, options = {}) => tensorOf(planOf(text, inputs, options), NORM).dtype;
    assert.equal(dtypeOf(linear(2, { dtype: "BF16" })), "BF16");
    assert.equal(dtypeOf(linear(2, { dtype: "F32", outDtype: "BF16" })), "BF16");
    assert.equal(dtypeOf(linear(2, { dtype: "F32", outDtype: "BF16" }), { dtype: "F16" }), "F16");
  });

  it("turn a copy into a merge when they change, and size the output", () => {
    const text: RecipeText = { method: "passthrough", models: ["m0"], dtype: "BF16" };
    const tensor = tensorOf(planOf(text, models("F32")), NORM);
    assert.deepEqual([tensor.action, tensor.method, tensor.byteLength], ["merge", "passthrough", 32]);
    assert.equal(tensorOf(planOf(text, models("BF16")), NORM).action, "copy");
  });

  it("leave tensors that hold no floats as they are", () => {
    const extra = { ids: ["I64", [4]] } as const;
    const plan = planOf(linear(1, { dtype: "BF16" }), [llama("m0", { extra })]);
    assert.equal(tensorOf(plan, "ids").dtype, "I64");
    assert.equal(tensorOf(plan, "ids").byteLength, 32);
  });

  it("are told to the config only where it says another", () => {
    const told = (text: RecipeText, ...dtypes: Dtype[]) => planOf(text, models(...dtypes)).configDtype;
    assert.equal(told(linear(2), "F32", "F32"), undefined);
    assert.equal(told(linear(2), "BF16", "F16"), "F32");
    assert.equal(told(linear(2, { outDtype: "BF16" }), "F32", "F32"), "BF16");
    const wrong = llama("m0", { dtype: "BF16", config: { torch_dtype: "float32" } });
    assert.equal(planOf(linear(1), [wrong]).configDtype, "BF16");
    const newer = llama("m0", { dtype: "BF16", config: { torch_dtype: "float32", dtype: "bfloat16" } });
    assert.equal(planOf(linear(1), [newer]).configDtype, undefined);
  });

  it("are those of most bytes for the config", () => {
    const extra = { "model.norm.weight": ["F32", [16]] } as const;
    const mixed = llama("m0", { dtype: "BF16", extra });
    assert.equal(planOf(linear(1), [mixed]).configDtype, undefined);
  });
});
