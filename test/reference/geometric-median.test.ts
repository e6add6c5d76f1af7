import assert from "node:assert/strict";
import fc from "fast-check";
import { geometricMedian, sumOfDistances } from "./geometric-median.ts";
import { combine, norm } from "./vectors.ts";

const points = fc.array(
  fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }))
    .map((values) => Float64Array.from(values)),
  { minLength: 1, maxLength: 6 },
);
const shape = [3];
/** The iteration slows down where a model is very nearly the median; a step of 0.1 elsewhere costs more than this. */
const SLACK = 1e-5;

describe("reference of the geometric median", () => {
  it("has no point nearby and no model with a smaller sum of distances", () => {
    fc.assert(
      fc.property(points, (models) => {
        const weight = models.map(() => 1);
        const median = geometricMedian({ models, shape });
        const least = sumOfDistances(median, models, weight);
        for (const model of models) assert.ok(sumOfDistances(model, models, weight) >= least - SLACK);
        for (let axis = 0; axis < 3; axis++) {
          for (const step of [-0.1, 0.1]) {
            const moved = median.map((value, i) => (i === axis ? value + step : value));
            assert.ok(sumOfDistances(moved, models, weight) >= least - SLACK);
          }
        }
      }),
    );
  });

  it("is the middle one of three on a line, and the heaviest of two", () => {
    const line = [0, 10, 1].map((x) => Float64Array.of(x, 2 * x, 0));
    assert.deepEqual(geometricMedian({ models: line, shape }), line[2]);
    assert.deepEqual(geometricMedian({ models: line.slice(0, 2), shape, weight: [1, 2] }), line[1]);
  });

  it("is what most of the models agree on, and the model where all agree", () => {
    const [same, other] = [Float64Array.of(1, 2, 3), Float64Array.of(100, -50, 9)];
    assert.deepEqual(geometricMedian({ models: [other, same, same], shape }), same);
    assert.deepEqual(geometricMedian({ models: [same, same], shape }), same);
    assert.deepEqual(geometricMedian({ models: [other], shape }), other);
  });

  it("is the middle of two, and the point that sees the sides of a triangle at 120 degrees", () => {
    const pair = [Float64Array.of(0, 0, 0), Float64Array.of(2, 4, 6)];
    assert.deepEqual(geometricMedian({ models: pair, shape }), Float64Array.of(1, 2, 3));
    const triangle = [Float64Array.of(0, 0, 0), Float64Array.of(4, 0, 0), Float64Array.of(1, 3, 0)];
    const median = geometricMedian({ models: triangle, shape });
    const units = triangle.map((corner) => {
      const side = combine([corner, median], [1, -1]);
      return side.map((value) => value / norm(side));
    });
    assert.ok(norm(combine(units, [1, 1, 1])) < 1e-6);
  });
});
