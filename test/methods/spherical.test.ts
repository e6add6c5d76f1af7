import assert from "node:assert/strict";
import fc from "fast-check";
import { geometricMedian } from "../../src/methods/geometric-median.ts";
import { karcher } from "../../src/methods/karcher.ts";
import { metagpt } from "../../src/methods/metagpt.ts";
import { multislerp } from "../../src/methods/multislerp.ts";
import { nuslerp } from "../../src/methods/nuslerp.ts";
import { uniformSoup } from "../../src/methods/uniform-soup.ts";
import { wiseFt } from "../../src/methods/wise-ft.ts";
import type { AnyMethod } from "../../src/methods/define.ts";
import { runReference } from "../reference/index.ts";
import { run } from "./evaluate.ts";

/** Small whole numbers: equal, opposite, parallel and zero vectors are common, and angles near 180 degrees are not. */
const vector = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 });
const vectors = (least: number, most: number) => fc.array(vector, { minLength: least, maxLength: most });
const weights = fc.array(fc.constantFrom(0.2, 0.5, 1, 3), { minLength: 4, maxLength: 4 });
const bases = fc.option(vector, { nil: undefined });

function assertAgrees(
  method: AnyMethod,
  parameters: Readonly<Record<string, unknown>>,
  base: readonly number[] | undefined,
  models: readonly (readonly number[])[],
): void {
  const { out } = run(method, parameters, base, models);
  const expected = runReference(method.name, {
    ...parameters,
    ...(base === undefined ? {} : { base: Float64Array.from(base) }),
    models: models.map((model) => Float64Array.from(model)),
    shape: [3],
  });
  out.forEach((value, i) => {
    const want = expected[i] ?? NaN;
    // Where a direction is divided by its length, eps shows.
    assert.ok(
      Math.abs(value - want) <= 1e-6 * Math.max(1, Math.abs(want)),
      `${out.join()} is not ${expected.join()}`,
    );
  });
}

describe("methods from inner products", () => {
  it("NuSLERP agrees with its formula for any weights, with and without a base", () => {
    fc.assert(
      fc.property(bases, vectors(2, 2), weights, (base, models, [a = 1, b = 1]) => {
        for (const weight of [
          [a, b],
          [a, -b],
          [0, a],
          [a, 0],
        ])
          assertAgrees(nuslerp, { weight }, base, models);
      }),
    );
  });

  it("Multi-SLERP agrees with its formula for any weights, with and without a base", () => {
    fc.assert(
      fc.property(bases, vectors(1, 4), weights, fc.boolean(), (base, models, weight, normalize) => {
        const parameters = {
          weight: weight.slice(0, models.length),
          normalize_weights: normalize,
          eps: 1e-8,
        };
        assertAgrees(multislerp, parameters, base, models);
      }),
    );
  });

  it("the Karcher mean agrees with the iteration on whole vectors, however long it runs", () => {
    fc.assert(
      fc.property(
        vectors(1, 4),
        fc.constantFrom(0, 1, 10),
        fc.constantFrom(1e-5, 1e-9, 1.1),
        (models, steps, tol) => {
          assertAgrees(karcher, { max_iter: steps, tol }, undefined, models);
        },
      ),
    );
  });

  it("the geometric median agrees with the iteration on whole vectors, whatever the weights", () => {
    fc.assert(
      fc.property(bases, vectors(1, 4), weights, (base, models, weight) => {
        assertAgrees(geometricMedian, { weight: weight.slice(0, models.length) }, base, models);
      }),
    );
  });

  it("MetaGPT, the uniform soup and WiSE-FT agree with their formulas", () => {
    fc.assert(
      fc.property(
        vector,
        vectors(1, 4),
        fc.double({ min: -1, max: 2, noNaN: true }),
        (base, models, alpha) => {
          assertAgrees(metagpt, {}, base, models);
          assertAgrees(uniformSoup, {}, base, models);
          assertAgrees(wiseFt, { alpha }, base, models.slice(0, 1));
        },
      ),
    );
  });

  it("give back what they are given, bit for bit, at any weights", () => {
    fc.assert(
      fc.property(bases, vector, weights, (base, model, weight) => {
        const x = model.map((value) => value * 0.1);
        const many = { weight: weight.slice(0, 3), normalize_weights: true, eps: 1e-8 };
        assert.deepEqual(run(multislerp, many, base, [x, x, x]).out, x);
        assert.deepEqual(run(nuslerp, { weight: weight.slice(0, 2) }, base, [x, x]).out, x);
        assert.deepEqual(run(karcher, { max_iter: 10, tol: 1e-5 }, undefined, [x, x, x]).out, x);
        assert.deepEqual(run(geometricMedian, { weight: many.weight }, base, [x, x, x]).out, x);
        assert.deepEqual(run(metagpt, {}, x, [x, x]).out, x);
        assert.deepEqual(run(uniformSoup, {}, base, [x, x, x]).out, x);
      }),
    );
  });

  it("refuse weights that cannot be normalised, at planning", () => {
    const parameters = { weight: [0.5, 0.25, -0.75], normalize_weights: true, eps: 1e-8 };
    assert.match(multislerp.check?.(parameters, 3) ?? "", /sum to zero/);
    assert.equal(multislerp.check?.({ ...parameters, normalize_weights: false }, 3), undefined);
    assert.equal(multislerp.check?.({ ...parameters, weight: [0] }, 1), undefined);
    assert.match(geometricMedian.check?.({ weight: [0, 0], granularity: "tensor" }, 2) ?? "", /0/);
    assert.equal(geometricMedian.check?.({ weight: [0, 1], granularity: "tensor" }, 2), undefined);
  });
});
