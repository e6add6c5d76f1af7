import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { merge } from "../src/index.ts";
import type { MergeReport } from "../src/index.ts";
import { readWeights } from "./fixtures/read-safetensors.ts";
import type { ReadTensor } from "./fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";

interface Geometry {
  readonly summary: Readonly<
    Record<string, { tensors: number; zero_task_vectors: number; angle: number[]; t: number[] }>
  >;
  readonly tensors: Readonly<
    Record<
      string,
      {
        kind: string;
        cos: number | null;
        angle: number | null;
        t: number;
        merged: { sum: number; norm: number; first: number[] };
      }
    >
  >;
}

// Task vectors are differences of F32 values, formed in F32: exact to about 1e-7 of the values, not of the difference.
const COSINE_ERROR = 1e-5;
const DEGREES_ERROR = 1e-3;

const near = (got: number | undefined, expected: number, error: number, what: string) =>
  assert.ok(
    got !== undefined && Math.abs(got - expected) <= error,
    `${what}: ${got ?? "nothing"}, not ${expected}`,
  );

describe("Model Stock on the glyph family", () => {
  const inFolder = useTemporaryFolder();
  const geometry = JSON.parse(readFileSync("test/fixtures/glyphs/geometry.json", "utf8")) as Geometry;
  let report: MergeReport;
  let merged: ReadonlyMap<string, ReadTensor>;

  before(async () => {
    report = await merge({ recipe: "recipes/glyphs-model-stock.yml", out: inFolder("out") });
    merged = readWeights(inFolder("out"));
  });

  it("finds cosine, angle and t of every tensor as an independent float64 computation does", () => {
    assert.deepEqual(report.run.tensors.map(({ name }) => name).sort(), Object.keys(geometry.tensors).sort());
    for (const { name, kind, numbers } of report.run.tensors) {
      const expected = geometry.tensors[name];
      assert.equal(kind, expected?.kind, name);
      if (expected?.cos === null) {
        assert.deepEqual(
          [numbers["angle"], numbers["t"], numbers["zeroVectors"]],
          [undefined, undefined, 4],
          name,
        );
        continue;
      }
      near(numbers["cos"], expected?.cos ?? NaN, COSINE_ERROR, `cosine of ${name}`);
      near(numbers["angle"], expected?.angle ?? NaN, DEGREES_ERROR, `angle of ${name}`);
      near(numbers["t"], expected?.t ?? NaN, COSINE_ERROR, `t of ${name}`);
    }
  });

  it("writes tensors with the expected sum, norm and first values", () => {
    for (const [name, { merged: expected }] of Object.entries(geometry.tensors)) {
      const values = merged.get(name)?.values ?? new Float64Array();
      const sum = values.reduce((total, value) => total + value, 0);
      const norm = Math.sqrt(values.reduce((total, value) => total + value * value, 0));
      near(norm, expected.norm, 1e-6 * expected.norm, `norm of ${name}`);
      near(sum, expected.sum, 1e-6 * norm * Math.sqrt(values.length), `sum of ${name}`);
      for (const [i, first] of expected.first.entries()) {
        near(values[i], first, 1e-5 * Math.abs(first) + 1e-8, `${name}[${i}]`);
      }
    }
  });

  it("gives the base bit for bit where no model moved", () => {
    const base = readWeights("demo/glyphs/base");
    const unmoved = Object.keys(geometry.tensors).filter((name) => geometry.tensors[name]?.cos === null);
    assert.deepEqual(unmoved.sort(), [
      "vision_model.post_layernorm.bias",
      "vision_model.post_layernorm.weight",
    ]);
    for (const name of unmoved) assert.deepEqual(merged.get(name)?.bytes, base.get(name)?.bytes);
  });

  it("sums up angle and t by kind of tensor as the independent computation does", () => {
    assert.deepEqual(report.kinds.map(({ kind }) => kind).sort(), Object.keys(geometry.summary).sort());
    for (const { kind, tensorCount, numbers } of report.kinds) {
      const expected = geometry.summary[kind];
      assert.ok(expected);
      assert.equal(tensorCount, expected.tensors);
      for (const [name, error] of [
        ["angle", DEGREES_ERROR],
        ["t", COSINE_ERROR],
      ] as const) {
        const spread = numbers[name];
        assert.equal(spread?.count, expected.tensors - expected.zero_task_vectors);
        const got = [spread?.minimum, spread?.median, spread?.maximum];
        for (const [i, value] of expected[name].entries()) near(got[i], value, error, `${name} of ${kind}`);
      }
    }
  });
});
