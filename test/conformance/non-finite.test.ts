import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { isMergeError } from "../../src/index.ts";
import { makeNormal } from "../fixtures/random.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureDtype } from "../fixtures/write-safetensors.ts";

const LENGTH = 10_000;
const BAD = [3, 4096, 9_999];

describe("values that are not finite", () => {
  const inFolder = useTemporaryFolder();

  /** Base and two fine-tunes with one tensor; the last one has `bad` at three places. */
  async function writeFamily(name: string, dtype: FixtureDtype, bad: number): Promise<string[]> {
    const folders = ["base", "ft1", "ft2"].map((model) => inFolder(name, model));
    for (const [i, folder] of folders.entries()) {
      const [base, own] = [makeNormal(1), makeNormal(10 + i)];
      const values = Array.from({ length: LENGTH }, () => base() + 0.1 * own());
      if (i === 2) for (const at of BAD) values[at] = bad;
      await writeWeights(folder, { w: { dtype, shape: [LENGTH], values } });
    }
    return folders;
  }

  async function run(name: string, recipe: object, allowNonFinite: boolean) {
    await mkdir(inFolder(name), { recursive: true });
    await writeFile(inFolder(name, "recipe.yml"), JSON.stringify(recipe));
    return runMerge(inFolder(name, "recipe.yml"), inFolder(name, "out"), { allowNonFinite, workers: 1 });
  }

  for (const dtype of ["F32", "F16", "BF16", "F64"] as const) {
    for (const bad of [NaN, Infinity, -Infinity]) {
      it(`are counted and stay where they are when allowed: ${bad} in ${dtype}`, async () => {
        const name = `${dtype}${bad}`;
        const [base, ...models] = await writeFamily(name, dtype, bad);
        const recipe = { base_model: base, models: models.map((model) => ({ model })) };
        const report = await run(name, recipe, true);
        const input = report.run.nonFinite.find(({ model }) => model !== undefined);
        assert.deepEqual(
          [input?.tensor, input?.model, input?.count],
          ["w", inFolder(name, "ft2"), BAD.length],
        );
        const values = readWeights(inFolder(name, "out")).get("w")?.values ?? new Float64Array();
        const found = [...values.keys()].filter((i) => !Number.isFinite(values[i]));
        assert.deepEqual(found, BAD);
      });
    }
  }

  it("are found in a result that overflows, though the inputs do not", async () => {
    const folders = ["a", "b"].map((model) => inFolder("overflow", model));
    for (const folder of folders)
      await writeWeights(folder, { w: { dtype: "F16", shape: [3], values: [1, 60_000, -60_000] } });
    const recipe = {
      merge_method: "linear",
      models: folders.map((model) => ({ model, parameters: { weight: 1 } })),
      parameters: { normalize: false },
    };
    await assert.rejects(run("overflow", recipe, false), (error: unknown) => {
      assert.ok(isMergeError(error, "ENGINE_NON_FINITE"));
      assert.match(error.message, /2 values.*w of the result/);
      return true;
    });
  });
});
