import assert from "node:assert/strict";
import { addTaskVectors, weightedSum, weightedSumWithBase } from "../../src/methods/combination.ts";
import { evaluate } from "./evaluate.ts";

const BASE = [1.1, -2.3, 0.7];
const X = [0.3, 5.1, -1.9];
const Y = [2.7, 0.1, 8.3];

describe("combination", () => {
  it("sums task vectors onto the base", () => {
    const out = evaluate(addTaskVectors([0.5, -0.25]), BASE, [X, Y]);
    BASE.forEach((b, k) => {
      const expected = b + 0.5 * ((X[k] ?? NaN) - b) - 0.25 * ((Y[k] ?? NaN) - b);
      assert.ok(Math.abs((out[k] ?? NaN) - expected) < 1e-14);
    });
  });

  it("gives a weighted sum whichever input is the anchor", () => {
    for (const [p, q] of [
      [0.3, 0.7],
      [0.7, 0.3],
      [1.25, -0.5],
      [-2, 0.1],
    ] as const) {
      const out = evaluate(weightedSum([p, q]), undefined, [X, Y]);
      X.forEach((x, k) => {
        assert.ok(Math.abs((out[k] ?? NaN) - (p * x + q * (Y[k] ?? NaN))) < 1e-14);
      });
    }
  });

  it("gives a weighted sum with the base whether base or input is the anchor", () => {
    for (const [c0, c1] of [
      [0.9, 0.2],
      [0.2, 0.9],
      [-0.5, 1.5],
    ] as const) {
      const out = evaluate(weightedSumWithBase(c0, [c1]), BASE, [X]);
      BASE.forEach((b, k) => {
        assert.ok(Math.abs((out[k] ?? NaN) - (c0 * b + c1 * (X[k] ?? NaN))) < 1e-14);
      });
    }
  });

  it("gives equal inputs back exactly when the coefficients sum to one", () => {
    const thirds = [1 / 3, 1 / 3, 1 / 3];
    assert.deepEqual(evaluate(weightedSum(thirds, 1), undefined, [X, X, X]), X);
    assert.deepEqual(evaluate(weightedSumWithBase(0.1, [0.3, 0.3, 0.3], 1), X, [X, X, X]), X);
    assert.deepEqual(evaluate(addTaskVectors([0.7, 1.9]), X, [X, X]), X);
  });

  it("does not read the base or an input whose coefficient is zero", () => {
    const unread = [NaN, NaN, NaN];
    assert.deepEqual(evaluate(weightedSumWithBase(0, [1], 1), unread, [X]), X);
    const alone = weightedSum([0, 1]);
    assert.equal(alone.anchor, 1);
    assert.equal(alone.coefficients[0], 0);
  });
});
