import assert from "node:assert/strict";
import { linear, passthrough, uniformSoup, wiseFt } from "./linear.ts";
import { lines, linesAlpha, linesScale, metagpt, metagptCoefficients } from "./scaling.ts";

const of = (...values: number[]) => Float64Array.of(...values);

describe("references with one coefficient per model", () => {
  it("linear divides by the sum of the weights and refuses a sum of zero", () => {
    const inputs = { models: [of(1, 2), of(3, 6)], shape: [2] };
    assert.deepEqual(linear({ ...inputs, weight: [1, 3] }), of(2.5, 5));
    assert.deepEqual(linear({ ...inputs, weight: [1, -1], normalize: false }), of(-2, -4));
    assert.throws(() => linear({ ...inputs, weight: [1, -1] }), /sum to zero/);
    assert.deepEqual(uniformSoup({ ...inputs, base: of(9, 9) }), of(2, 4));
  });

  it("passthrough scales, WiSE-FT goes from the base to the model", () => {
    assert.deepEqual(passthrough({ models: [of(1, 2)], shape: [2], scale: [0.5] }), of(0.5, 1));
    assert.deepEqual(passthrough({ models: [of(1, 2)], shape: [2] }), of(1, 2));
    const inputs = { base: of(0, 4), models: [of(4, 0)], shape: [2] };
    assert.deepEqual(wiseFt({ ...inputs, alpha: 0 }), inputs.base);
    assert.deepEqual(wiseFt({ ...inputs, alpha: 0.25 }), of(1, 3));
    assert.deepEqual(wiseFt({ ...inputs, alpha: 1 }), of(4, 0));
  });

  it("MetaGPT shares by squared norm", () => {
    assert.deepEqual(metagptCoefficients([1, 3]), [0.25, 0.75]);
    assert.deepEqual(metagptCoefficients([0, 0]), [0, 0]);
    assert.deepEqual(metagpt({ base: of(1, 1), models: [of(2, 1), of(1, 4)], shape: [2] }), of(1.1, 3.7));
    assert.deepEqual(metagpt({ base: of(1, 1), models: [of(1, 1)], shape: [2] }), of(1, 1));
  });

  it("LiNeS scales from alpha in the first layer to alpha + beta in the last", () => {
    const scales = [0, 1, 2].map((layer) => linesScale({ alpha: 0.2, beta: 0.8, layer, layers: 3 }));
    assert.deepEqual(scales, [0.2, 0.2 + 0.4, 1]);
    assert.equal(linesScale({ alpha: 0.2, beta: 0.8, layers: 3 }), 0.2);
    assert.equal(linesScale({ alpha: 0.2, beta: 0.8, layer: 0, layers: 1 }), 0.2);
    assert.deepEqual(lines(of(1, 1), of(3, -1), { alpha: 0.5, beta: 0, layers: 2 }), of(2, 0));
  });

  it("LiNeS' alpha is 1 / n for the plain sum of n task vectors", () => {
    const inputs = { base: of(1, 1), models: [of(2, 0), of(3, 1)], shape: [2] };
    assert.equal(linesAlpha(inputs, of(4, 0)), 0.5);
    assert.equal(linesAlpha(inputs, of(2.5, 0.5)), 1);
  });
});
