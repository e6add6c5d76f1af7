import assert from "node:assert/strict";
import type { FixtureDtype, FixtureTensor } from "../fixtures/write-safetensors.ts";
import { floats, withCode } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

const vector = (dtype: FixtureDtype, values: readonly number[]): FixtureTensor => ({
  dtype,
  shape: [values.length],
  values,
});
const fill = (length: number, value: number) => Array<number>(length).fill(value);
const recipe = (method: string, models: string, parameters = "{}") =>
  `merge_method: ${method}\nbase_model: base\nmodels: [${models}]\nparameters: ${parameters}\n`;

export const masksChecks = (at: Workplace): Checks => ({
  "small changes": async () => {
    const models = { base: [0, 0, 0, 0], a: fill(4, 1e-4), b: fill(4, 3e-4) };
    const { values } = await at.mergeVectors(models, recipe("sce", "{model: a}, {model: b}"));
    // Energies 1 to 9: (1 * 1e-4 + 9 * 3e-4) / 10, where equal weights would give 2e-4.
    for (const value of values) assert.ok(Math.abs(value - 2.8e-4) < 1e-10, String(value));
  },
  "thresholds in half precision": async () => {
    // In bfloat16 1 - 2^-9 is 1, and the first entry would be as large as the second.
    const folder = await at.modelsIn({
      base: { w: vector("BF16", [2 ** -9, 0]) },
      a: { w: vector("BF16", [1, 1]) },
    });
    const text = recipe("ties", "{model: a, parameters: {weight: 1}}", "{density: 0.5}");
    const { weights } = await at.run(folder, text);
    assert.deepEqual([...(weights.get("w")?.values ?? [])], [2 ** -9, 1]);
  },
  "equal magnitudes": async () => {
    const signs = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? -1 : 1));
    const models = { base: fill(40, 0), a: signs };
    for (const method of ["ties", "breadcrumbs"]) {
      const text = recipe(method, "{model: a, parameters: {weight: 1}}", "{density: 0.25}");
      const { values } = await at.mergeVectors(models, text);
      const kept = [...values.keys()].filter((i) => values[i] !== 0);
      assert.equal(kept.length, 10, method);
      if (method === "ties") assert.deepEqual(kept, [...signs.slice(0, 10).keys()]);
      else
        assert.deepEqual(
          kept,
          Array.from(kept, (_, i) => (kept[0] ?? 0) + i),
        );
    }
  },
  "rescaling in float16": async () => {
    const [count, size] = [2000, 64];
    const folder = await at.modelsIn({
      base: { w: vector("F16", fill(count, 0)) },
      a: { w: vector("F16", fill(count, size)) },
    });
    const { weights } = await at.run(
      folder,
      recipe("dare_linear", "{model: a, parameters: {weight: 1}}", "{density: 0.5}"),
    );
    const sum = (weights.get("w")?.values ?? new Float64Array()).reduce((total, value) => total + value, 0);
    // Twice what float16 holds; what is kept makes up for what is not, to within the rounding of each entry.
    assert.ok(Math.abs(sum / (count * size) - 1) < 2 ** -11, String(sum));
  },
  "random masks": async () => {
    const text = recipe("dare_linear", "{model: a, parameters: {weight: 1}}", "{density: 0.5}");
    const merged = async (names: readonly string[], seed: number) => {
      const tensors = (value: number) =>
        Object.fromEntries(names.map((name) => [name, floats(fill(64, value))]));
      const folder = await at.modelsIn({ base: tensors(0), a: tensors(1) });
      return [...((await at.run(folder, text, { seed })).weights.get("w")?.values ?? [])];
    };
    const alone = await merged(["w"], 1);
    assert.equal(new Set(alone).size, 2);
    assert.deepEqual(await merged(["a", "v", "w", "x"], 1), alone);
    assert.notDeepEqual(await merged(["w"], 2), alone);
  },
  "weights that cancel": async () => {
    const models = { base: [1, 2], a: [3, 5], b: [4, 4] };
    const weighted = (w: number) =>
      `{model: a, parameters: {weight: ${w}}}, {model: b, parameters: {weight: ${-w}}}`;
    for (const method of ["task_arithmetic", "dare_linear", "breadcrumbs", "della_linear"]) {
      const text = (w: number) => recipe(method, weighted(w), "{normalize: true}");
      await assert.rejects(at.mergeVectors(models, text(0.5)), withCode("PLAN_PARAMETER"));
      assert.deepEqual([...(await at.mergeVectors(models, text(0))).values], models.base);
    }
  },
  "dtype of the output": async () => {
    const folder = await at.modelsIn({
      base: { w: vector("BF16", [1, 2]) },
      a: { w: vector("BF16", [1.5, 2]) },
      b: { w: vector("BF16", [1.5, 3]) },
    });
    const { weights } = await at.run(folder, recipe("ramplus_tl", "{model: a}, {model: b}"));
    assert.equal(weights.get("w")?.dtype, "BF16");
    const fused = await at.run(folder, recipe("arcee_fusion", "{model: b}"), { out: "fused" });
    assert.equal(fused.weights.get("w")?.dtype, "BF16");
  },
});
