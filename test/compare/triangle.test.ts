import assert from "node:assert/strict";
import { planeOf } from "../../src/compare/triangle.ts";

/** Inner products of vectors, as a measuring pass would give them. */
function gramOf(vectors: readonly (readonly number[])[]) {
  const products = vectors.flatMap((a) =>
    vectors.map((b) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)),
  );
  return { n: vectors.length, products: Float64Array.from(products), elementCount: vectors[0]?.length ?? 0 };
}

const near = (got: number | undefined, expected: number) =>
  assert.ok(Math.abs((got ?? NaN) - expected) < 1e-9, `${String(got)}, not ${expected}`);

describe("The triangle figure", () => {
  it("draws two models to scale: distances in the plane are those of the weights", () => {
    const [a, b] = [
      [3, 0, 1, 0],
      [1, 2, -1, 5],
    ] as const;
    const plane = planeOf(gramOf([a, b]), 0.5) ?? assert.fail();
    const [p, q] = plane.models;
    near(Math.hypot(p?.x ?? 0, p?.y ?? 0), Math.hypot(...a));
    near(Math.hypot(q?.x ?? 0, q?.y ?? 0), Math.hypot(...b));
    near(Math.hypot((p?.x ?? 0) - (q?.x ?? 0), (p?.y ?? 0) - (q?.y ?? 0)), Math.hypot(2, -2, 2, -5));
    near(plane.mean.x, Math.hypot(2, 1, 0, 2.5));
    near(plane.merged.x, plane.mean.x / 2);
    near(plane.shown, 1);
  });

  it("shows the direction in which more models differ most, and says how much it leaves out", () => {
    // About the mean (4, 0, 0) they differ by 3 along one axis and by 1 along another.
    const vectors = [
      [4, 3, 1],
      [4, -3, 1],
      [4, 3, -1],
      [4, -3, -1],
    ];
    const plane = planeOf(gramOf(vectors), 1) ?? assert.fail();
    plane.models.forEach(({ x }) => near(x, 4));
    assert.deepEqual(
      plane.models.map(({ y }) => Math.round(y * 1e6) / 1e6),
      [3, -3, 3, -3],
    );
    near(plane.shown, 25 / 26);
  });

  it("is not drawn where task vectors cancel", () => {
    assert.equal(
      planeOf(
        gramOf([
          [1, 0],
          [-1, 0],
        ]),
        0,
      ),
      undefined,
    );
  });
});
