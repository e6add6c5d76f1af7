import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { merge } from "../../src/index.ts";
import type { MergeOptions } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";

/** Values of the tensors of three files, by name. */
const FILES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  a: { shared: 1, "of.a": 2, "of.ab": 3 },
  b: { shared: 3, "of.ab": 7, "of.bc": 8 },
  c: { shared: 8, "of.bc": 2, "of.c": 5 },
};

const WEIGHTS: Readonly<Record<string, number>> = { a: 1, b: 3, c: 4 };
const LINEAR = `merge_method: linear\nmodels:\n${Object.entries(WEIGHTS)
  .map(([name, weight]) => `  - {model: ${name}.safetensors, parameters: {weight: ${weight}}}\n`)
  .join("")}`;

/** The mean over the files that have a tensor, by their weights. */
function mean(tensor: string): number {
  const having = Object.keys(FILES).filter((name) => FILES[name]?.[tensor] !== undefined);
  const total = having.reduce((sum, name) => sum + (WEIGHTS[name] ?? 0), 0);
  return having.reduce((sum, name) => sum + (WEIGHTS[name] ?? 0) * (FILES[name]?.[tensor] ?? 0), 0) / total;
}

describe("files that do not have the same tensors", () => {
  const inFolder = useTemporaryFolder();

  before(async () => {
    for (const [name, tensors] of Object.entries(FILES)) {
      const entries = Object.entries(tensors).map(
        ([tensor, value]) => [tensor, { dtype: "F32", shape: [2], values: [value, value] }] as const,
      );
      await writeFile(inFolder(`${name}.safetensors`), encodeSafetensors(Object.fromEntries(entries)));
    }
  });

  async function run(out: string, options: Partial<MergeOptions>, text = LINEAR) {
    const report = await merge({ recipe: { text }, cwd: inFolder(), out, ...options });
    const values = [...readWeights(inFolder(out))].map(
      ([name, tensor]) => [name, tensor.values[0] ?? NaN] as const,
    );
    return { report, values: new Map(values) };
  }

  it("are refused unless it is said what to do", async () => {
    await assert.rejects(run("refused", {}), { code: "PLAN_MISSING_TENSOR" });
  });

  it("give the tensors that all have, and say which are left out", async () => {
    const { values, report } = await run("intersection", { tensorSet: "intersection" });
    assert.deepEqual([...values], [["shared", mean("shared")]]);
    const [warning] = report.warnings;
    assert.equal(warning?.code, "PLAN_EXTRA_TENSOR");
    assert.match(warning.message, /^4 tensors are left out, since not all models have them: "of\./);
  });

  it("give the tensors that any has, each merged from those that have it", async () => {
    const { values } = await run("union", { tensorSet: "union" });
    const names = ["of.a", "of.ab", "of.bc", "of.c", "shared"];
    assert.deepEqual([...values.keys()].sort(), names);
    for (const name of names) {
      const expected = mean(name);
      assert.ok(Math.abs((values.get(name) ?? NaN) - expected) <= 2 ** -23 * expected, name);
    }
  });

  it("give the tensors that all have, a base apart among them", async () => {
    const text =
      "merge_method: task_arithmetic\nbase_model: c.safetensors\nmodels:\n" +
      "  - {model: a.safetensors, parameters: {weight: 1}}\n  - {model: b.safetensors, parameters: {weight: 1}}\n";
    const { values } = await run("base", { tensorSet: "intersection" }, text);
    // 8 + (1 - 8) + (3 - 8)
    assert.deepEqual([...values], [["shared", -4]]);
  });
});
