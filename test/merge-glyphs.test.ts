import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readWeights } from "./fixtures/read-safetensors.ts";
import { runMerge } from "./fixtures/run-merge.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";

interface TensorGeometry {
  readonly kind: string;
  readonly shape: readonly number[];
  /** Mean cosine and angle (degrees) between task vectors; null where all of them are zero. */
  readonly cos: number | null;
  readonly angle: number | null;
  readonly t: number;
  readonly merged: { readonly sum: number; readonly norm: number; readonly first: readonly number[] };
}

const { tensors: GEOMETRY } = JSON.parse(readFileSync("test/fixtures/glyphs/geometry.json", "utf8")) as {
  tensors: Readonly<Record<string, TensorGeometry>>;
};

function assertNear(got: number | undefined, expected: number, tolerance: number, what: string): void {
  const error = Math.abs((got ?? NaN) - expected);
  assert.ok(error <= tolerance, `${what}: ${String(got)} instead of ${expected}`);
}

describe("Model Stock on a trained family", () => {
  const inFolder = useTemporaryFolder();
  let result: Awaited<ReturnType<typeof runMerge>>;

  before(async () => {
    result = await runMerge("recipes/glyphs-model-stock.yml", inFolder("out"));
  });

  it("reports cosine, angle and ratio of every tensor as computed in float64", () => {
    const reported = new Map(result.run.tensors.map((tensor) => [tensor.name, tensor]));
    assert.deepEqual([...reported.keys()].sort(), Object.keys(GEOMETRY).sort());
    for (const [name, { kind, cos, angle, t }] of Object.entries(GEOMETRY)) {
      const { kind: gotKind, numbers = {} } = reported.get(name) ?? {};
      assert.equal(gotKind, kind, name);
      assertNear(numbers.t, t, 1e-6, `t of ${name}`);
      assert.equal(numbers.cos === undefined, cos === null, name);
      if (cos !== null) assertNear(numbers.cos, cos, 1e-6, `cosine of ${name}`);
      if (angle !== null) assertNear(numbers.angle, angle, 1e-4, `angle of ${name}`);
    }
  });

  it("writes the tensors that float64 arithmetic gives", () => {
    const merged = readWeights(inFolder("out"));
    assert.deepEqual([...merged.keys()].sort(), Object.keys(GEOMETRY).sort());
    for (const [name, { shape, merged: expected }] of Object.entries(GEOMETRY)) {
      const tensor = merged.get(name);
      assert.ok(tensor !== undefined);
      assert.deepEqual([name, tensor.dtype, tensor.shape], [name, "F32", shape]);
      const norm = Math.sqrt(tensor.values.reduce((sum, value) => sum + value * value, 0));
      assertNear(norm, expected.norm, 1e-6 * Math.max(1, expected.norm), `norm of ${name}`);
      const sum = tensor.values.reduce((total, value) => total + value, 0);
      assertNear(
        sum,
        expected.sum,
        1e-6 * Math.max(1, norm * Math.sqrt(tensor.values.length)),
        `sum of ${name}`,
      );
      expected.first.forEach((value, i) =>
        assertNear(tensor.values[i], value, 1e-6 * Math.max(0.1, Math.abs(value)), `${name}[${i}]`),
      );
    }
  });

  it("leaves a tensor that no fine-tune moved as the base has it, bit for bit", () => {
    const merged = readWeights(inFolder("out"));
    const base = readWeights("demo/glyphs/base");
    const still = Object.entries(GEOMETRY).filter(([, { cos }]) => cos === null);
    assert.ok(still.length > 0);
    for (const [name] of still) assert.deepEqual(merged.get(name)?.bytes, base.get(name)?.bytes);
  });
});
