import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { modelStock, modelStockRatio } from "./model-stock.ts";
import { norm, subtract, sum, vector } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

interface TensorGeometry {
  readonly t: number;
  readonly merged: { readonly sum: number; readonly norm: number; readonly first: readonly number[] };
}

const close = (got: number, expected: number, tolerance: number, what = "") => {
  assert.ok(Math.abs(got - expected) <= tolerance, `${what} ${got} instead of ${expected}`);
};

/** Two unit vectors at an angle in degrees. */
const atAngle = (degrees: number): Vector[] => {
  const angle = (degrees * Math.PI) / 180;
  return [Float64Array.of(1, 0), Float64Array.of(Math.cos(angle), Math.sin(angle))];
};

/** Three unit vectors whose pairs are at the given cosines. */
function withCosines(c12: number, c13: number, c23: number): Vector[] {
  const s12 = Math.sqrt(1 - c12 * c12);
  const y = (c23 - c12 * c13) / s12;
  const z = Math.sqrt(1 - c13 * c13 - y * y);
  return [Float64Array.of(1, 0, 0), Float64Array.of(c12, s12, 0), Float64Array.of(c13, y, z)];
}

describe("reference of Model Stock", () => {
  it("has the ratios of the paper's formula", () => {
    for (const theta of ["cosine", "angle", "gram"] as const) {
      close(modelStockRatio(atAngle(60), theta), 2 / 3, 1e-12, theta);
      close(modelStockRatio(atAngle(0), theta), 1, 1e-12, theta);
      close(modelStockRatio(atAngle(90), theta), 0, 1e-12, theta);
      close(modelStockRatio(withCosines(0.36, 0.36, 0.36), theta), 0.628, 5e-4, theta);
    }
    const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180);
    const uneven = withCosines(cos(40), cos(60), cos(80));
    close(modelStockRatio(uneven, "angle"), 0.75, 5e-4);
    close(modelStockRatio(uneven, "cosine"), 0.735, 5e-4);
  });

  it("gives the base where the task vectors point away from each other, or fewer than two point anywhere", () => {
    const base = Float64Array.of(1, 2);
    const zero = Float64Array.of(0, 0);
    for (const deltas of [atAngle(120), [zero, zero], [zero, Float64Array.of(3, 4)]]) {
      const models = deltas.map((delta) => base.map((b, i) => b + (delta[i] ?? NaN)));
      for (const theta of ["cosine", "angle", "gram"] as const) {
        assert.deepEqual(modelStock({ base, models, shape: [2], theta }), base);
      }
    }
  });

  it("knows the norms only in its Gram form", () => {
    const [a = new Float64Array(), b = new Float64Array()] = atAngle(60);
    const long = b.map((value) => 4 * value);
    close(modelStockRatio([a, long], "cosine"), 2 / 3, 1e-12);
    // m = 2, s = (1 + 16) / 2, t = 2m / (s + m).
    close(modelStockRatio([a, long], "gram"), 4 / 10.5, 1e-12);
  });

  it("has a ratio of its own for each row of filter_wise", () => {
    const base = new Float64Array(4);
    const [a = base, b = base] = atAngle(60);
    const models = [Float64Array.of(...a, 1, 0), Float64Array.of(...b, 0, 1)];
    const merged = modelStock({ base, models, shape: [2, 2], filter_wise: true });
    const expected = [...a.map((value, i) => (value + (b[i] ?? NaN)) / 3), 0, 0];
    merged.forEach((value, i) => {
      close(value, expected[i] ?? NaN, 1e-12);
    });
  });

  it("agrees with the geometry measured on the glyph family", () => {
    const geometry = JSON.parse(readFileSync("test/fixtures/glyphs/geometry.json", "utf8")) as {
      tensors: Record<string, TensorGeometry>;
    };
    const read = (model: string) => readWeights(`demo/glyphs/${model}`);
    const base = read("base");
    const models = ["ft1", "ft2", "ft3", "ft4"].map(read);
    for (const [name, { t, merged }] of Object.entries(geometry.tensors)) {
      const tensor = base.get(name);
      assert.ok(tensor !== undefined, name);
      const inputs = models.map((model) => model.get(name)?.values ?? new Float64Array());
      const deltas = inputs.map((values) => subtract(values, tensor.values));
      close(modelStockRatio(deltas, "cosine"), t, 1e-9, name);
      const out = modelStock({ base: tensor.values, models: inputs, shape: tensor.shape });
      close(sum(out), merged.sum, 1e-6, name);
      close(norm(out), merged.norm, 1e-6, name);
      const first = vector(merged.first.length, (i) => (out[i] ?? NaN) - (merged.first[i] ?? NaN));
      close(norm(first), 0, 1e-6, name);
    }
  });
});
