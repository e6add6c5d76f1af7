import assert from "node:assert/strict";
import { diagnose } from "../../src/compare/diagnose.ts";
import type { MeasuredTensor } from "../../src/engine/measure.ts";
import type { MergePlan, PlannedInput } from "../../src/plan/types.ts";
import type { Finding } from "../../src/report/diagnosis-types.ts";

type Vectors = readonly (readonly number[])[];

/** What a measuring pass gives for task vectors, computed here in float64. */
function measure(vectors: Vectors): MeasuredTensor {
  const products = vectors.flatMap((a) =>
    vectors.map((b) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)),
  );
  return {
    n: vectors.length,
    products: Float64Array.from(products),
    elementCount: vectors[0]?.length ?? 0,
    zeros: Float64Array.from(vectors, (vector) => vector.filter((value) => value === 0).length),
  };
}

/** The findings for tensors with the given task vectors, one per model. */
function findings(tensors: readonly Vectors[]): readonly Finding[] {
  const names = (tensors[0] ?? []).map((_, i) => `m${i + 1}`);
  const input = (model: number) => ({ model }) as PlannedInput;
  const plan = {
    models: [{ role: "base" }, ...names.map(() => ({ role: "model" }))],
    tensors: tensors.map((_, i) => ({
      name: `t${i}`,
      kind: "mlp",
      inputs: names.map((__, at) => input(at + 1)),
    })),
  } as unknown as MergePlan;
  const measured = new Map(tensors.map((vectors, i) => [`t${i}`, measure(vectors)]));
  const measurement = { tensors: measured, seconds: 0, readBytes: 0 };
  return diagnose({ plan, names, config: undefined }, measurement).findings;
}

const codes = (found: readonly Finding[]) => found.map(({ code }) => code);

describe("The findings", () => {
  /** Two unit vectors at an angle whose cosine is given; neither has a zero in it. */
  const atCosine = (cosine: number): Vectors => {
    const [start, angle] = [0.3, Math.acos(cosine)];
    return [start, start + angle].map((at) => [Math.cos(at), Math.sin(at)]);
  };

  it("are none for models at 60 degrees with equal lengths", () => {
    assert.deepEqual(findings([atCosine(0.5)]), []);
  });

  it("warn of nearly orthogonal task vectors with the share of the way that is left", () => {
    // Two models: t = 2 * 0.05 / 1.05.
    const [found, ...others] = findings([atCosine(0.05)]);
    assert.equal(found?.code, "near_orthogonal");
    assert.match(found.meaning, /cosine is 0\.050, so Model Stock keeps only 9\.5 %/);
    assert.deepEqual(others, []);
  });

  it("warn of a model that equals the base, and say nothing of its angle", () => {
    const found = findings([
      [
        [1, 1],
        [0, 0],
        [1, 0.5],
      ],
      [
        [2, 1],
        [0, 0],
        [1, 1],
      ],
    ]);
    assert.deepEqual(codes(found), ["equals_base"]);
    assert.match(found[0]?.title ?? "", /^m2 /);
  });

  it("warn of a task vector that is far longer than the median, or far shorter", () => {
    const found = findings([
      [
        [1, 0.5],
        [0.5, 1],
        [5, 4],
        [0.2, 0.25],
      ],
    ]);
    assert.deepEqual(codes(found), ["unequal_norms"]);
    assert.match(found[0]?.meaning ?? "", /^m3 moved \d\.\d times .* m4 moved 0\.\d times/);
    assert.match(found[0]?.advice ?? "", /leave out m3\.$/);
  });

  it("warn of two models that are nearly the same", () => {
    const found = findings([
      [
        [1, 0.5],
        [1.001, 0.5],
        [0.4, 1],
      ],
    ]);
    assert.deepEqual(codes(found), ["same_models"]);
    assert.match(found[0]?.title ?? "", /^m1 and m2 /);
  });

  it("count opposed tensors, and warn where they are many", () => {
    const [along, against]: readonly [Vectors, Vectors] = [
      [
        [1, 0.5],
        [0.5, 1],
      ],
      [
        [1, 0.5],
        [-0.5, -1],
      ],
    ];
    const [few] = findings([...Array<Vectors>(19).fill(along), against]);
    assert.deepEqual(
      [few?.code, few?.severity, few?.concerned, few?.tensors],
      ["negative_cosine", "note", 1, ["t19"]],
    );
    assert.match(few?.meaning ?? "", /In 1 of 20 tensors \(5\.0 %\)/);
    const many = findings([along, against]).find(({ code }) => code === "negative_cosine");
    assert.equal(many?.severity, "warning");
  });

  it("name tensors that no model changed", () => {
    const found = findings([
      [
        [1, 0.5],
        [0.5, 1],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    assert.deepEqual(
      found.map(({ code, tensors }) => [code, tensors]),
      [["unmoved", ["t1"]]],
    );
  });

  it("tell how many weights stayed at the base's values in tensors that moved", () => {
    const found = findings([
      [
        [1, 0, 0, 0.5],
        [0.5, 1, 0.2, 0.4],
      ],
    ]);
    assert.deepEqual(codes(found), ["zero_deltas"]);
    assert.match(found[0]?.meaning ?? "", /^50 % of m1 equal the base/);
  });
});
