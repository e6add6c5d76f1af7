import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { summarizeKinds } from "../src/engine/summary.ts";
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

interface KindGeometry {
  readonly tensors: number;
  readonly zero_task_vectors: number;
  /** Minimum, median, maximum. */
  readonly angle: readonly number[];
  readonly t: readonly number[];
}

const { tensors: GEOMETRY, summary: SUMMARY } = JSON.parse(
  readFileSync("test/fixtures/glyphs/geometry.json", "utf8"),
) as {
  tensors: Readonly<Record<string, TensorGeometry>>;
  summary: Readonly<Record<string, KindGeometry>>;
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
      if (cos === null || angle === null) {
        assert.deepEqual(numbers, { zeroVectors: 4 }, name);
        continue;
      }
      assertNear(numbers.cos, cos, 1e-6, `cosine of ${name}`);
      assertNear(numbers.angle, angle, 1e-4, `angle of ${name}`);
      assertNear(numbers.t, t, 1e-6, `t of ${name}`);
    }
  });

  it("sums up angle and ratio by kind of tensor, those without an angle left out", () => {
    const kinds = summarizeKinds(result.run.tensors);
    assert.deepEqual(kinds.map(({ kind }) => kind).sort(), Object.keys(SUMMARY).sort());
    for (const { kind, tensorCount, numbers } of kinds) {
      const expected = SUMMARY[kind];
      assert.ok(expected);
      assert.equal(tensorCount, expected.tensors);
      for (const name of ["angle", "t"] as const) {
        const { count, minimum, median, maximum } = numbers[name] ?? {};
        assert.equal(count, expected.tensors - expected.zero_task_vectors);
        for (const [i, got] of [minimum, median, maximum].entries()) {
          assertNear(got, expected[name][i] ?? NaN, 1e-4, `${name} of ${kind}`);
        }
      }
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
