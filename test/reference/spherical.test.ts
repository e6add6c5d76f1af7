import assert from "node:assert/strict";
import fc from "fast-check";
import { karcher, multislerp, nuslerp, slerp } from "./spherical.ts";
import { combine, norm, scale } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

const X = Float64Array.of(1, 0, 0);
const Y = Float64Array.of(0, 1, 0);
const zero = new Float64Array(3);
const shape = [3];

const close = (got: Vector, expected: Vector, tolerance = 1e-12) => {
  assert.ok(norm(combine([got, expected], [1, -1])) <= tolerance, `${got.join()} is not ${expected.join()}`);
};
const vectors = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  .map((values) => Float64Array.from(values));
const directions = vectors.filter((v) => norm(v) > 0.1);

describe("references on the sphere", () => {
  it("follow the arc, and the straight line where the directions nearly agree or are opposite", () => {
    const half = Math.SQRT1_2;
    close(slerp({ base: X, models: [Y], shape, t: 0.5 }), Float64Array.of(half, half, 0));
    close(slerp({ base: X, models: [Y], shape, t: 0 }), X);
    close(slerp({ base: X, models: [Y], shape, t: 1 }), Y);
    close(slerp({ base: X, models: [scale(X, 3)], shape, t: 0.5 }), scale(X, 2));
    close(slerp({ base: X, models: [scale(X, -1)], shape, t: 0.25 }), scale(X, 0.5));
    close(slerp({ base: zero, models: [Y], shape, t: 1 / 3 }), scale(Y, 0.5));
  });

  it("NuSLERP takes its position from the weights, halfway where they cancel", () => {
    close(nuslerp({ models: [X, Y], shape, weight: [1, 0] }), X);
    close(nuslerp({ models: [X, Y], shape, weight: [0, 2] }), Y);
    const half = scale(combine([X, Y], [1, 1]), Math.SQRT1_2);
    close(nuslerp({ models: [X, Y], shape, weight: [1, -1] }), half);
    close(nuslerp({ models: [X, scale(X, -1)], shape, weight: [3, 1] }), scale(X, 0.5));
    close(nuslerp({ base: X, models: [X, X], shape, weight: [1, 1] }), X);
  });

  it("NuSLERP on rows and on columns agrees with NuSLERP on each of them alone", () => {
    const [a, b] = [Float64Array.of(1, 2, 3, 4, 5, 6), Float64Array.of(2, -1, 0, 1, 7, 1)];
    const alone = (indices: number[]) => {
      const models = [a, b].map((v) => Float64Array.from(indices, (i) => v[i] ?? NaN));
      return [...nuslerp({ models, shape: [indices.length], weight: [1, 2] })];
    };
    const along = (columns: boolean) =>
      nuslerp({
        models: [a, b],
        shape: [2, 3],
        weight: [1, 2],
        nuslerp_flatten: false,
        nuslerp_row_wise: columns,
      });
    assert.deepEqual([...along(false)], [...alone([0, 1, 2]), ...alone([3, 4, 5])]);
    const columns = [alone([0, 3]), alone([1, 4]), alone([2, 5])];
    assert.deepEqual(
      [...along(true)],
      [0, 1].flatMap((row) => columns.map((column) => column[row])),
    );
  });

  it("Multi-SLERP gives equal models back, keeps to the mean norm, and sums what cancels", () => {
    fc.assert(
      fc.property(directions, (v) => {
        close(multislerp({ models: [v, v, v], shape, weight: [1, 2, 3] }), v, 1e-7);
      }),
    );
    const merged = multislerp({ models: [scale(X, 2), scale(Y, 4)], shape, weight: [1, 1] });
    assert.ok(Math.abs(norm(merged) - 3) < 1e-6);
    close(multislerp({ models: [X, scale(X, -1), zero], shape, weight: [1, 1, 1] }), zero);
    close(multislerp({ base: Y, models: [Y, Y, Y], shape, weight: [1, 1, 1] }), Y);
    close(multislerp({ base: Y, models: [X], shape, weight: [5] }), X);
    assert.throws(() => multislerp({ models: [X, Y], shape, weight: [1, -1] }), /sum to zero/);
  });

  it("Multi-SLERP is the direction of the mean unit vector times the mean norm: its tangents cancel", () => {
    fc.assert(
      fc.property(fc.array(directions, { minLength: 2, maxLength: 4 }), (models) => {
        const share = 1 / models.length;
        const average = combine(
          models.map((v) => scale(v, 1 / norm(v))),
          models.map(() => share),
        );
        fc.pre(norm(average) > 1e-3);
        const length = models.reduce((total, v) => total + norm(v), 0) * share;
        const merged = multislerp({ models, shape, weight: models.map(() => 2) });
        close(merged, scale(average, length / norm(average)), 1e-4);
      }),
    );
  });

  it("the Karcher mean of two is the middle of their arc with the mean of their norms", () => {
    fc.assert(
      fc.property(directions, directions, (a, b) => {
        const [u, v] = [scale(a, 1 / norm(a)), scale(b, 1 / norm(b))];
        fc.pre(norm(combine([u, v], [1, 1])) > 0.1);
        const middle = slerp({ base: u, models: [v], shape, t: 0.5 });
        const length = (norm(a) + norm(b)) / 2;
        close(karcher({ models: [a, b], shape }), scale(middle, length / norm(middle)), 1e-4);
      }),
    );
  });

  it("the Karcher mean leaves zero vectors out of the direction but not out of the norm", () => {
    close(karcher({ models: [X, zero, X], shape }), scale(X, 2 / 3));
    close(karcher({ models: [zero, zero], shape }), zero);
    close(karcher({ models: [zero], shape }), zero);
    close(karcher({ models: [X, scale(X, -1)], shape, max_iter: 0 }), X);
  });

  it("the Karcher mean balances the logarithms of all directions", () => {
    const models = [X, Y, Float64Array.of(0.6, 0, 0.8)];
    const mean = karcher({ models, shape, max_iter: 50, tol: 1e-12 });
    const pulls = models.map((v) => {
      const cos = v.reduce((total, value, i) => total + value * (mean[i] ?? NaN), 0);
      const tangent = combine([v, mean], [1, -cos]);
      return scale(tangent, Math.acos(cos) / norm(tangent));
    });
    close(combine(pulls, [1, 1, 1]), zero, 1e-9);
  });
});
