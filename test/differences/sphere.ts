import assert from "node:assert/strict";
import { makeNormal } from "../fixtures/random.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import { karcher } from "../reference/spherical.ts";
import type { Checks, Workplace } from "./workplace.ts";

const listed = (names: readonly string[], weights: readonly number[]) =>
  `models: [${names.map((name, i) => `{model: ${name}, parameters: {weight: ${String(weights[i])}}}`).join(", ")}]\n`;

/** F32 values of a spread of 0.02. */
function normals(seed: number, length = 1000): number[] {
  const normal = makeNormal(seed);
  return Array.from({ length }, () => Math.fround(0.02 * normal()));
}

const scaled = (values: readonly number[], factor: number) =>
  values.map((value) => Math.fround(factor * value));

function assertClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  got.forEach((value, i) => {
    assert.ok(Math.abs(value - (expected[i] ?? NaN)) <= tolerance, `element ${i}: ${value}`);
  });
}

export const sphereChecks = (at: Workplace): Checks => ({
  "tensors that no model changed": async () => {
    const base = normals(1);
    const text = `merge_method: multislerp\nbase_model: base\n${listed(["a", "b", "c"], [1, 2, 3])}`;
    assert.deepEqual((await at.mergeVectors({ base, a: base, b: base, c: base }, text)).values, base);
  },
  "directions that cancel": async () => {
    const x = normals(2);
    const models = { a: x, b: scaled(x, -1.3), c: scaled(x, 0) };
    const sum = `merge_method: multislerp\n${listed(["a", "b", "c"], [1, 1, 0.5])}`;
    assertClose((await at.mergeVectors(models, sum)).values, scaled(x, -0.3 / 2.5), 1e-8);
    const first = "merge_method: karcher\nmodels: [{model: a}, {model: b}]\n";
    assertClose((await at.mergeVectors(models, first)).values, scaled(x, 1.15), 1e-7);
  },
  "opposite vectors": async () => {
    const x = normals(3);
    const y = scaled(x, -1.3);
    // Opposite to within 1e-4 and no further.
    const nearly = y.map((value, i) => Math.fround(value + 1e-4 * (normals(4)[i] ?? NaN)));
    for (const b of [y, nearly]) {
      const text = `merge_method: nuslerp\n${listed(["a", "b"], [1, 1])}`;
      assertClose((await at.mergeVectors({ a: x, b }, text)).values, scaled(x, -0.15), 1e-5);
    }
  },
  "short vectors": async () => {
    const a = scaled(normals(5), 1e-9);
    const text = `merge_method: nuslerp\n${listed(["a", "b"], [1, 3])}`;
    assert.deepEqual((await at.mergeVectors({ a, b: a }, text)).values, a);
    const same = "merge_method: karcher\nmodels: [{model: a}, {model: b}]\n";
    assert.deepEqual((await at.mergeVectors({ a, b: a }, same)).values, a);
  },
  "angles in half precision": async () => {
    // Three directions some 3 degrees apart, one of them further: in bfloat16 their cosines are all 1.
    const x = scaled(normals(6), 50);
    const models = [0.02, 0.03, 0.055].map((size, k) =>
      x.map((value, i) => roundTo(value + 50 * size * (normals(7 + k)[i] ?? NaN), "BF16")),
    );
    const [a = [], b = [], c = []] = models;
    const text = (steps: number) =>
      `merge_method: karcher\nmodels: [{model: a}, {model: b}, {model: c}]\nparameters: {max_iter: ${steps}, tol: 1.0e-9}\n`;
    const run = async (steps: number) => (await at.mergeVectors({ a, b, c }, text(steps))).values;
    const expected = karcher({
      models: models.map((each) => Float64Array.from(each)),
      shape: [1000],
      tol: 1e-12,
    });
    const largest = (values: readonly number[]) =>
      Math.max(...values.map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
    assert.ok(largest(await run(10)) < 1e-6);
    assert.ok(largest(await run(0)) > 3e-6, "the iteration does not matter here");
  },
});
