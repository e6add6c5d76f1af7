import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { readWeights } from "./fixtures/read-safetensors.ts";
import { runMerge } from "./fixtures/run-merge.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";
import { roundTo, writeTinyFamily } from "./fixtures/tiny-models.ts";
import type { TinyDtype } from "./fixtures/tiny-models.ts";
import { encodeValues } from "./fixtures/write-safetensors.ts";
import { runReference } from "./reference/index.ts";

const wide = (values: ArrayLike<number>) => Float64Array.from(values);

describe("a merge of a whole model", () => {
  const inFolder = useTemporaryFolder();

  for (const architecture of ["llama", "llama-tied", "gpt2", "clip"] as const) {
    for (const [dtype, shards] of [
      ["BF16", 1],
      ["F32", 3],
    ] as const satisfies readonly (readonly [TinyDtype, number])[]) {
      it(`has every tensor of ${architecture} in ${dtype}, merged or copied, from ${shards} file(s) each`, async () => {
        const root = inFolder(`${architecture}-${dtype}`);
        await mkdir(root);
        const { base, fineTunes } = await writeTinyFamily(root, { architecture, dtype, shards });
        const models = fineTunes.map(({ name }) => ({ model: `${root}/${name}` }));
        await writeFile(`${root}/recipe.yml`, JSON.stringify({ base_model: `${root}/base`, models }));
        const maxShardBytes = shards === 1 ? 0 : 3000;
        const report = await runMerge(`${root}/recipe.yml`, `${root}/out`, { maxShardBytes });
        assert.equal(report.output.shardCount > 1, shards > 1);

        const merged = readWeights(`${root}/out`);
        assert.deepEqual([...merged.keys()].sort(), Object.keys(base.tensors).sort());
        for (const [name, tensor] of Object.entries(base.tensors)) {
          const got = merged.get(name);
          assert.ok(got !== undefined);
          assert.deepEqual([name, got.dtype, got.shape], [name, tensor.dtype, tensor.shape]);
          if (tensor.dtype !== dtype) {
            assert.deepEqual(got.bytes, encodeValues(tensor.values, tensor.dtype), name);
            assert.ok(report.copied.includes(name), name);
            continue;
          }
          const expected = runReference("model_stock", {
            base: wide(tensor.values),
            models: fineTunes.map(({ tensors }) => wide(tensors[name]?.values ?? [])),
            shape: tensor.shape,
          });
          expected.forEach((value, i) => {
            const off = Math.abs((got.values[i] ?? NaN) - roundTo(value, dtype));
            const spacing = dtype === "BF16" ? 2 ** -7 : 2 ** -22;
            assert.ok(off <= spacing * Math.max(2 ** -6, Math.abs(value)), `${name}[${i}]`);
          });
        }
      });
    }
  }
});
