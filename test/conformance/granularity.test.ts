import assert from "node:assert/strict";
import { join } from "node:path";
import { methodByName } from "../../src/methods/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { makeTinyFamily } from "../fixtures/tiny-models.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { runReference } from "../reference/index.ts";
import { mergeByMethod } from "./merge-by-method.ts";

/** The named tensors of a model as one vector. */
function concatenate(tensors: FixtureTensors, names: readonly string[]): Float64Array {
  return Float64Array.from(names.flatMap((name) => Array.from(tensors[name]?.values ?? [])));
}

/** Methods with settings that matter to what is shared. */
const METHODS: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  model_stock: [{ theta: "cosine" }, { theta: "angle" }, { theta: "gram" }],
  geometric_median: [{}],
  metagpt: [{}],
};

describe("granularity", () => {
  const inFolder = useTemporaryFolder();
  const { base, fineTunes } = makeTinyFamily({ layers: 3, dtype: ["F32", "BF16", "F32", "F16"] });
  const models = fineTunes.map(({ tensors }) => tensors);
  const names = Object.keys(base.tensors);
  const groups: Readonly<Record<string, readonly (readonly string[])[]>> = {
    layer: [0, 1, 2].map((layer) => names.filter((name) => name.startsWith(`model.layers.${layer}.`))),
    model: [names],
  };
  const cases = Object.entries(METHODS).flatMap(([name, all]) => all.map((settings) => ({ name, settings })));

  for (const { name, settings } of cases) {
    const shown = Object.entries(settings).map(([key, value]) => ` with ${key} ${value}`);
    for (const [granularity, ofGranularity] of Object.entries(groups)) {
      it(`${granularity} shares the coefficients of ${name}${shown.join("")} among its tensors`, async () => {
        const method = methodByName(name);
        assert.ok(method !== undefined);
        const recipe = { parameters: { granularity, ...settings } };
        const folder = inFolder(join(name, granularity, ...Object.values(settings)));
        const merged = await mergeByMethod(folder, method, { base: base.tensors, models, recipe });
        for (const group of ofGranularity) {
          const vector = concatenate(base.tensors, group);
          const expected = runReference(name, {
            base: vector,
            models: models.map((tensors) => concatenate(tensors, group)),
            shape: [vector.length],
            ...settings,
          });
          const got = group.flatMap((tensor) => Array.from(merged.get(tensor)?.values ?? []));
          assert.equal(got.length, expected.length);
          got.forEach((value, i) => {
            assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 2e-7, `element ${i} of ${group.join(", ")}`);
          });
        }
      });
    }
  }

  it("row shares the median of each row", async () => {
    const method = methodByName("geometric_median");
    assert.ok(method !== undefined);
    const recipe = { parameters: { granularity: "row" } };
    const merged = await mergeByMethod(inFolder("rows"), method, { base: base.tensors, models, recipe });
    for (const [name, { shape, values }] of merged) {
      const length = shape.at(-1) ?? 1;
      for (let start = 0; start < values.length; start += length) {
        const row = (tensors: FixtureTensors) =>
          Float64Array.from(tensors[name]?.values ?? []).subarray(start, start + length);
        const expected = runReference("geometric_median", { models: models.map(row), shape: [length] });
        expected.forEach((want, i) => {
          assert.ok(Math.abs((values[start + i] ?? NaN) - want) < 2e-7, `${name}[${start + i}]`);
        });
      }
    }
  });
});
