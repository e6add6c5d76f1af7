import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { diagnose } from "../../src/compare/diagnose.ts";
import type { Diagnosis } from "../../src/report/diagnosis-types.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { measureGlyphs } from "./glyphs.ts";

interface TensorGeometry {
  readonly norms: readonly number[];
  readonly pair_cos: readonly number[] | null;
  readonly cos: number | null;
  readonly angle: number | null;
  readonly t: number;
}

const { tensors: GEOMETRY } = JSON.parse(readFileSync("test/fixtures/glyphs/geometry.json", "utf8")) as {
  tensors: Readonly<Record<string, TensorGeometry>>;
};

const near = (got: number | undefined, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs((got ?? NaN) - expected) <= tolerance, `${what}: ${String(got)}, not ${expected}`);

/** Inner products from norms and cosines, in float64. */
function products({ norms, pair_cos: cosines }: TensorGeometry): number[][] {
  let pair = 0;
  const all = norms.map((norm) => norms.map(() => norm * norm));
  norms.forEach((a, i) =>
    norms.slice(i + 1).forEach((b, k) => {
      const product = a * b * (cosines?.[pair++] ?? 0);
      for (const [row, column] of [
        [i, i + 1 + k],
        [i + 1 + k, i],
      ] as const)
        (all[row] ?? [])[column] = product;
    }),
  );
  return all;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe("The diagnosis of the glyph family", () => {
  let found: Diagnosis;
  before(async () => {
    const { step, measurement } = await measureGlyphs();
    const config = step.models.get("demo/glyphs/base")?.config;
    found = diagnose({ plan: step.plan, names: ["ft1", "ft2", "ft3", "ft4"], config }, measurement);
  });

  it("has the norms, cosines, angle and t of every tensor as computed in float64", () => {
    assert.deepEqual(found.tensors.map(({ name }) => name).sort(), Object.keys(GEOMETRY).sort());
    for (const { name, norms, cosines, cosine, angle, t, clamped } of found.tensors) {
      const expected = GEOMETRY[name] ?? assert.fail(name);
      expected.norms.forEach((norm, i) => near(norms[i], norm, norm * 1e-6, `norm of ${name}`));
      expected.pair_cos?.forEach((cos, i) => near(cosines[i], cos, 1e-6, `cosine of ${name}`));
      assert.equal(angle === undefined, expected.angle === null, name);
      assert.equal(clamped, (expected.cos ?? 0) < 0, name);
      if (expected.cos === null || expected.angle === null) continue;
      near(cosine, expected.cos, 1e-6, `mean cosine of ${name}`);
      near(angle, expected.angle, 1e-4, `angle of ${name}`);
      near(t, expected.t, 1e-6, `t of ${name}`);
    }
  });

  it("has the ratio that counts norms, and the distances between base, merge and soup", () => {
    for (const { name, tGram, soupToBase, mergedToSoup } of found.tensors) {
      const expected = GEOMETRY[name] ?? assert.fail(name);
      const all = products(expected);
      const diagonal = sum(all.map((row, i) => row[i] ?? NaN)) / 4;
      const others = (sum(all.flat()) - 4 * diagonal) / 12;
      const soup = Math.sqrt(sum(all.flat())) / 4;
      near(soupToBase, soup, soup * 1e-5, `distance of the soup of ${name}`);
      near(mergedToSoup, (1 - (expected.cos === null ? 0 : expected.t)) * soup, soup * 1e-5, name);
      if (expected.cos !== null)
        near(tGram, others <= 0 ? 0 : (4 * others) / (diagonal + 3 * others), 1e-5, `t of ${name}`);
    }
    near(found.soupToBase ** 2, sum(found.tensors.map((each) => each.soupToBase ** 2)), 1e-9, "all");
  });

  it("counts the elements that equal the base's", () => {
    const [base, ft2] = ["base", "ft2"].map((name) => readWeights(`demo/glyphs/${name}`));
    for (const { name, zeroShare, elements } of found.tensors) {
      const [a = [], b = []] = [base?.get(name)?.values, ft2?.get(name)?.values];
      const equal = Array.from(a).filter((value, i) => value === b[i]).length;
      assert.equal(zeroShare[1], equal / elements, name);
    }
  });

  it("sums up kinds and layers, each tensor once", () => {
    assert.equal(sum(found.kinds.map(({ tensors }) => tensors)), 73);
    assert.deepEqual(
      found.layers.map(({ layer, tensors }) => [layer, tensors]),
      [0, 1, 2, 3].map((layer) => [layer, 16]),
    );
    const attention = found.kinds.find(({ kind }) => kind === "attention");
    near(attention?.angle?.median, 63.908851384379425, 1e-4, "median angle of attention");
    near(attention?.t?.minimum, 0.7171701759790501, 1e-6, "smallest t of attention");
    assert.equal(found.all.unmoved, 2);
  });

  it("sees that ft4 has moved much farther than the others, which the cosine does not", () => {
    const lengths = [0, 1, 2, 3].map((i) =>
      Math.hypot(...Object.values(GEOMETRY).map(({ norms }) => norms[i] ?? NaN)),
    );
    const [, second = NaN, third = NaN, longest = NaN] = lengths.toSorted((a, b) => a - b);
    found.models.forEach(({ norm, normRatio }, i) => {
      near(norm, lengths[i] ?? NaN, 1e-5, "length");
      near(normRatio, (2 * (lengths[i] ?? NaN)) / (second + third), 1e-6, "length over the median");
    });
    assert.equal(lengths[3], longest);
    const [first] = found.findings;
    assert.equal(first?.code, "unequal_norms");
    assert.match(first.meaning, /ft4 moved/);
    assert.match(first.advice, /theta: gram/);
  });

  it("names the tensors that no output depends on, and the opposed ones", () => {
    const idle = found.tensors.filter((tensor) => tensor.idle !== undefined).map(({ name }) => name);
    const biases = [0, 1, 2, 3].map((i) => `vision_model.encoder.layers.${i}.self_attn.k_proj.bias`);
    const norms = ["bias", "weight"].map((part) => `vision_model.post_layernorm.${part}`);
    assert.deepEqual(idle.sort(), [...biases, ...norms].sort());
    const opposed = found.findings.find(({ code }) => code === "negative_cosine");
    const expected = Object.values(GEOMETRY).filter(({ cos }) => cos !== null && cos < 0);
    assert.equal(opposed?.concerned, expected.length);
  });

  it("draws a tensor with a small and one with a large angle, of those that matter", () => {
    const angles = found.tensors.flatMap(({ angle, t = 0, idle }) =>
      idle === undefined && t > 0 ? [angle] : [],
    );
    const known = angles.filter((angle) => angle !== undefined);
    const [small, large] = found.triangles;
    assert.deepEqual([small?.angle, large?.angle], [Math.min(...known), Math.max(...known)]);
    for (const { models, mean, merged, t, shown } of found.triangles) {
      near(sum(models.map(({ x }) => x)) / 4, mean.x, 1e-9, "mean along");
      near(merged.x, t * mean.x, 1e-12, "merged");
      assert.ok(shown > 0.5 && shown <= 1, String(shown));
    }
  });
});
