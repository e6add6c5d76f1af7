import assert from "node:assert/strict";
import { makeNormal } from "../fixtures/random.ts";
import { arceeFusion } from "../reference/pairs.ts";
import { floats, withCode } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

const dropping = (method: string, parameters: string) =>
  `merge_method: ${method}\nbase_model: base\nmodels: [{model: a}]\n` +
  `parameters: {weight: 1, rescale: false, ${parameters}}\n`;

const constant = (shape: readonly number[], value: number) =>
  floats(new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(value), [...shape]);

/** A base of F32 values, and a model that differs from it by about `size`. */
function changed(shape: readonly number[], size: number): { base: Float64Array; model: Float64Array } {
  const [b, d] = [makeNormal(1), makeNormal(2)];
  const length = shape.reduce((product, count) => product * count, 1);
  const base = Float64Array.from({ length }, () => Math.fround(0.05 * b()));
  return { base, model: base.map((value) => Math.fround(value + size * d())) };
}

const differing = (a: Float64Array, b: Float64Array) => a.filter((value, i) => value !== b[i]).length;

export const rowsChecks = (at: Workplace): Checks => {
  /** What is kept of a task vector that is 1 (or what is given) everywhere. */
  const keptOf = async (shape: readonly number[], text: string, values = constant(shape, 1)) => {
    const folder = await at.modelsIn({ base: { w: constant(shape, 0) }, a: { w: values } });
    return [...((await at.run(folder, text)).weights.get("w")?.values ?? [])];
  };
  const fused = async (base: Float64Array, model: Float64Array, shape: number[]) => {
    const w = [base, model].map((values) => ({ dtype: "F32", shape, values }) as const);
    const folder = await at.modelsIn({ base: { w: w[0] ?? floats([]) }, a: { w: w[1] ?? floats([]) } });
    const text = "merge_method: arcee_fusion\nbase_model: base\nmodels: [{model: a}]\n";
    return (await at.run(folder, text)).weights.get("w")?.values ?? new Float64Array();
  };
  const share = (kept: readonly number[]) => kept.filter((value) => value !== 0).length / kept.length;
  return {
    "rows of one element": async () => {
      const text = dropping("della_linear", "density: 0.3, epsilon: 0.2");
      const kept = await keptOf([10_000, 1], text);
      // Five standard errors of 10,000 draws are 0.023.
      assert.ok(Math.abs(share(kept) - 0.3) < 0.023);
    },
    "equal magnitudes in a row": async () => {
      // Half of each row is -2, half 2: all are kept with the same probability, in whatever order they stand.
      const shape = [300, 40];
      const values = Array.from({ length: 12_000 }, (_, i) => (i % 40 < 20 ? -2 : 2));
      const text = dropping("della_linear", "density: 0.5, epsilon: 0.45");
      const kept = await keptOf(shape, text, floats(values, shape));
      const halves = [0, 1].map((half) => kept.filter((_, i) => Math.floor((i % 40) / 20) === half));
      for (const half of halves) assert.ok(Math.abs(share(half) - 0.5) < (5 * 0.5) / Math.sqrt(6000));
    },
    "ranks within a row": async () => {
      // Rows of two along the last axis, 1 and 2; along axis 1 all would be equal.
      const shape = [100, 50, 2];
      const values = Array.from({ length: 10_000 }, (_, i) => 1 + (i % 2));
      const text = dropping("della_linear", "density: 0.5, epsilon: 0.4");
      const kept = await keptOf(shape, text, floats(values, shape));
      const tolerance = (5 * 0.3) / Math.sqrt(5000);
      assert.ok(Math.abs(share(kept.filter((_, i) => i % 2 === 0)) - 0.1) < tolerance);
      assert.ok(Math.abs(share(kept.filter((_, i) => i % 2 === 1)) - 0.9) < tolerance);
    },
    "ranks of nearly equal magnitudes": async () => {
      // A row of values from 1 to 1 + 1/128 is one bin: the order among them does not count.
      const next = makeNormal(1);
      const values = Array.from({ length: 10_000 }, () => 1 + Math.abs(next()) / 1024);
      const text = dropping("della_linear", "density: 0.5, epsilon: 0.45");
      const kept = await keptOf([10_000], text, floats(values));
      const middle = values.toSorted((a, b) => a - b)[5000] ?? NaN;
      const larger = kept.filter((_, i) => (values[i] ?? NaN) > middle);
      assert.ok(Math.abs(share(larger) - 0.5) < (5 * 0.5) / Math.sqrt(5000));
    },
    "density and epsilon": async () => {
      const values = constant([10], 1);
      await assert.rejects(
        keptOf([10], dropping("della_linear", "density: 0.9"), values),
        withCode("PLAN_PARAMETER"),
      );
      assert.equal((await keptOf([10], dropping("della_linear", "density: 0.85"), values)).length, 10);
    },
    quantiles: async () => {
      const shape = [1001, 1001];
      const { base, model } = changed(shape, 0.01);
      const expected = arceeFusion({ base, models: [model], shape });
      const got = await fused(base, model, shape);
      // As many as a sample of a million would give, but for some hundred; and just those.
      assert.ok(differing(got, expected) <= 1, `${differing(got, expected)} differ`);
    },
    "divergences that cancel": async () => {
      const shape = [200, 64];
      const { base, model } = changed(shape, 2e-5);
      const expected = arceeFusion({ base, models: [model], shape });
      assert.ok(differing(await fused(base, model, shape), expected) <= 1);
    },
  };
};
