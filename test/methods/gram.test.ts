import assert from "node:assert/strict";
import * as gram from "../../src/methods/gram.ts";
import { gramOf, threeVectors } from "./gram-of.ts";

const near = (actual: number | undefined, expected: number, tolerance = 1e-12) => {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= tolerance,
    `${String(actual)} is not ${expected}`,
  );
};

describe("gram", () => {
  it("gives the mean of all pairs, of cosines or of angles", () => {
    const vectors = gramOf(threeVectors(40, 60, 80));
    const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180);
    near(gram.meanPairwiseCosine(vectors), (cos(40) + cos(60) + cos(80)) / 3);
    near(gram.meanPairwiseAngle(vectors), (60 * Math.PI) / 180);
  });

  it("leaves zero vectors out of the mean and has none with fewer than two others", () => {
    const [a, b] = [
      [3, 0],
      [1, 1],
    ];
    near(gram.meanPairwiseCosine(gramOf([a, [0, 0], b])), Math.SQRT1_2);
    assert.equal(gram.meanPairwiseCosine(gramOf([[0, 0], a, [0, 0]])), undefined);
    assert.equal(gram.meanPairwiseAngle(gramOf([[0, 0]])), undefined);
  });

  it("sees the direction of vectors whose squared norms multiply to less than the smallest double", () => {
    const [x, y] = [1e-100, 1e-100];
    near(
      gram.meanPairwiseCosine(
        gramOf([
          [x, 0],
          [x, y],
        ]),
      ),
      Math.SQRT1_2,
    );
  });

  it("calls the cosine of equal vectors exactly one", () => {
    const vector = [0.1, 0.7, -0.3, 1e-5];
    assert.equal(gram.meanPairwiseCosine(gramOf([vector, vector, vector])), 1);
    assert.equal(gram.meanPairwiseAngle(gramOf([vector, vector])), 0);
  });

  it("follows the published ratios", () => {
    assert.equal(gram.ratioFromCosine(1, 2), 1);
    assert.equal(gram.ratioFromCosine(0, 2), 0);
    near(gram.ratioFromCosine(0.5, 2), 2 / 3);
    near(gram.ratioFromCosine(0.36, 3), 0.628, 5e-4);
    near(gram.ratioFromCosine(0.05, 2), 0.1, 5e-3);
    near(gram.ratioFromCosine(0.05, 5), 0.21, 5e-3);
    near(gram.ratioFromCosine(0.05, 10), 0.34, 6e-3);
  });

  it("stays in [0, 1] for negative cosines, at the pole and beyond it", () => {
    for (const cos of [-1e-9, -0.4, -0.5, -0.6, -1]) assert.equal(gram.ratioFromCosine(cos, 3), 0);
  });

  it("gives the paper's ratio from the Gram matrix when the norms are equal", () => {
    const vectors = gramOf(threeVectors(40, 60, 80));
    near(gram.ratioFromGram(vectors), gram.ratioFromCosine(gram.meanPairwiseCosine(vectors) ?? NaN, 3));
  });

  it("pulls further to the base when one vector is much longer than the others", () => {
    const [a, b, c] = threeVectors(60, 60, 60);
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    const long = gramOf([a, b, c.map((value) => 4 * value)]);
    // m = (0.5 + 2 + 2) / 3, s = (1 + 1 + 16) / 3
    near(gram.ratioFromGram(long), (3 * 1.5) / (6 + 2 * 1.5));
    assert.ok(gram.ratioFromGram(long) < gram.ratioFromCosine(0.5, 3));
  });

  it("gives zero from a Gram matrix with a negative mean product or without any length", () => {
    assert.equal(
      gram.ratioFromGram(
        gramOf([
          [1, 0],
          [-1, 0.1],
        ]),
      ),
      0,
    );
    assert.equal(
      gram.ratioFromGram(
        gramOf([
          [0, 0],
          [0, 0],
        ]),
      ),
      0,
    );
  });
});
