import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { isMergeError, merge, plan } from "../../src/index.ts";
import type { Progress } from "../../src/index.ts";
import { writeModel } from "../fixtures/adapters.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { linear, list, MIX, tensorsOf, text } from "./both-ways.ts";

const at = useTemporaryFolder();
const Q = "model.layers.0.q_proj.weight";
/** Elements of a model in its own dtype; its 128 biases are F32. */
const FLOATS = 90 * 150 + 2 * 64 * 150 + 150;

describe("A merge that computes what it takes", () => {
  before(() => {
    for (const name of ["base", "ft1", "ft2", "ft3"]) writeModel(at(name), tensorsOf(name, "BF16"));
  });

  it("is planned with what is read for it, and counts just that as progress", async () => {
    const recipe = {
      text: text([MIX, { merge_method: "model_stock", base_model: "base", models: list("mix", "ft3") }]),
    };
    const planned = await plan({ recipe, cwd: at() });
    assert.deepEqual(
      planned.intermediates?.map(({ name, computed }) => [name, computed]),
      [["mix", "inside"]],
    );
    const bytes = 4 * (2 * FLOATS + 4 * 128);
    assert.deepEqual(planned.passes, [
      { name: "measure", readBytes: bytes },
      { name: "combine", readBytes: bytes + 9 * 8 },
    ]);
    const seen: Progress[] = [];
    const report = await merge({
      recipe,
      cwd: at(),
      out: at("progress"),
      onProgress: (each) => seen.push(each),
    });
    assert.equal(report.run.readBytes, 2 * bytes + 9 * 8);
    assert.equal(seen.at(-1)?.doneBytes, report.run.readBytes);
    assert.equal(seen.at(-1)?.totalBytes, report.run.readBytes);
  });

  it("counts what is measured before as progress, too, and tells what it took", async () => {
    const slerp = { merge_method: "slerp", base_model: "ft1", models: list("ft2"), parameters: { t: 0.3 } };
    const recipe = { text: text([{ name: "mix", ...slerp }, linear("mix", "ft3")]) };
    const seen: Progress[] = [];
    const onProgress = (each: Progress) => seen.push(each);
    const { intermediates, run } = await merge({ recipe, cwd: at(), out: at("measured"), onProgress });
    const bytes = 2 * (2 * FLOATS + 4 * 128);
    assert.equal(intermediates?.[0]?.readBytes, bytes);
    const last = seen.at(-1);
    assert.deepEqual([last?.doneBytes, last?.totalBytes], [bytes + run.readBytes, bytes + run.readBytes]);
  });

  it("names the model and the tensor whose values are not finite, and counts each once", async () => {
    const poison = tensorsOf("ft1", "F32");
    const values = Float64Array.from(poison[Q]?.values ?? []);
    for (const i of [5, 4500, 9000]) values[i] = NaN;
    writeModel(at("poison"), { ...poison, [Q]: { dtype: "F32", shape: [64, 150], values } });
    const outer = { merge_method: "model_stock", base_model: "base", models: list("mix", "ft3") };
    const recipe = { text: text([{ name: "mix", ...linear("poison", "ft2") }, outer]) };
    await assert.rejects(merge({ recipe, cwd: at(), out: at("nan") }), (error) => {
      assert.ok(isMergeError(error, "ENGINE_NON_FINITE"));
      assert.match(
        error.message,
        /^3 values are NaN or infinite in model\.layers\.0\.q_proj\.weight of model poison$/,
      );
      return true;
    });
    const { run } = await merge({ recipe, cwd: at(), out: at("nan"), allowNonFinite: true });
    assert.deepEqual(
      run.nonFinite.map(({ tensor, model, count }) => [tensor, model, count]),
      [
        [Q, "poison", 3],
        [Q, "mix", 3],
      ],
    );
  });

  it("notices a file of it that is written to meanwhile, and an output folder that is an input of it", async () => {
    writeModel(at("touched"), tensorsOf("touched", "BF16"));
    const recipe = { text: text([{ name: "mix", ...linear("touched", "ft2") }, linear("mix", "ft3")]) };
    const path = at("touched", "model.safetensors");
    let written = false;
    const onProgress = () => {
      if (!written) writeFileSync(path, readFileSync(path));
      written = true;
    };
    await assert.rejects(merge({ recipe, cwd: at(), out: at("changed"), onProgress }), (error) => {
      assert.ok(isMergeError(error, "SOURCE_CHANGED"));
      assert.equal(error.where, path);
      return true;
    });
    await assert.rejects(merge({ recipe, cwd: at(), out: at("touched"), force: true }), (error) =>
      isMergeError(error, "SINK_IS_INPUT"),
    );
  });
});
