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

describe("granularity of Model Stock", () => {
  const inFolder = useTemporaryFolder();
  const { base, fineTunes } = makeTinyFamily({ layers: 3, dtype: ["F32", "BF16", "F32", "F16"] });
  const models = fineTunes.map(({ tensors }) => tensors);
  const names = Object.keys(base.tensors);
  const groups: Readonly<Record<string, readonly (readonly string[])[]>> = {
    layer: [0, 1, 2].map((layer) => names.filter((name) => name.startsWith(`model.layers.${layer}.`))),
    model: [names],
  };

  for (const [granularity, ofGranularity] of Object.entries(groups)) {
    for (const theta of ["cosine", "angle", "gram"]) {
      it(`${granularity} shares one ratio among its tensors, with theta ${theta}`, async () => {
        const method = methodByName("model_stock");
        assert.ok(method !== undefined);
        const recipe = { parameters: { granularity, theta } };
        const folder = inFolder(join(granularity, theta));
        const merged = await mergeByMethod(folder, method, { base: base.tensors, models, recipe });
        for (const group of ofGranularity) {
          const vector = concatenate(base.tensors, group);
          const expected = runReference("model_stock", {
            base: vector,
            models: models.map((tensors) => concatenate(tensors, group)),
            shape: [vector.length],
            theta,
          });
          const got = group.flatMap((name) => Array.from(merged.get(name)?.values ?? []));
          assert.equal(got.length, expected.length);
          got.forEach((value, i) => {
            assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 2e-7, `element ${i} of ${group.join(", ")}`);
          });
        }
      });
    }
  }
});
