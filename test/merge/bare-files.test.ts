import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { merge } from "../../src/index.ts";
import { readSafetensors, readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";

describe("merging single files", () => {
  const inFolder = useTemporaryFolder();

  before(async () => {
    await writeTinyFamily(inFolder(), { fineTunes: 2 });
    for (const name of ["base", "ft1", "ft2"])
      await copyFile(inFolder(name, "model.safetensors"), inFolder(`${name}.safetensors`));
  });

  it("writes weights, recipe and model card, and no config", async () => {
    const text =
      "merge_method: task_arithmetic\nbase_model: ./base.safetensors\nmodels:\n" +
      "  - {model: ./ft1.safetensors, parameters: {weight: [0.5, 1]}}\n" +
      "  - {model: ./ft2.safetensors, parameters: {weight: 0.25}}\n";
    const report = await merge({ recipe: { text }, cwd: inFolder(), out: "out" });
    assert.deepEqual(readdirSync(inFolder("out")).sort(), [
      "README.md",
      "mergekit_config.yml",
      "model.safetensors",
      "stockpot.lock.json",
    ]);
    assert.deepEqual(
      report.warnings.map(({ code }) => code),
      ["PLAN_PARAMETER"],
    );
    const [base, a, b] = ["base", "ft1", "ft2"].map(
      (name) => readSafetensors(inFolder(`${name}.safetensors`)).tensors,
    );
    for (const [name, { values }] of readWeights(inFolder("out"))) {
      const at = (tensors: typeof base, i: number) => tensors?.get(name)?.values[i] ?? NaN;
      values.forEach((value, i) => {
        const exact = at(base, i) + 0.5 * (at(a, i) - at(base, i)) + 0.25 * (at(b, i) - at(base, i));
        assert.ok(Math.abs(value - exact) < 1e-6, `${name}[${i}]`);
      });
    }
  });
});
