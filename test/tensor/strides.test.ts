import assert from "node:assert/strict";
import fc from "fast-check";
import { elementCount } from "../../src/tensor/shape.ts";
import { gatherRuns, isContiguous, strideExtent } from "../../src/tensor/strides.ts";

/** Storage places of elements in row-major order, by the definition of strides. */
function placesOf(shape: readonly number[], strides: readonly number[]): number[] {
  return shape.reduce(
    (places, size, axis) =>
      places.flatMap((place) => Array.from({ length: size }, (_, k) => place + k * (strides[axis] ?? NaN))),
    [0],
  );
}

function gather(shape: readonly number[], strides: readonly number[], begin: number, end: number) {
  const places = new Array<number>(end - begin).fill(NaN);
  let runs = 0;
  for (const run of gatherRuns(shape, strides, begin, end)) {
    runs++;
    for (let k = 0; k < run.count; k++) {
      const target = run.target + k * run.targetStep;
      assert.ok(target >= 0 && target < places.length && Number.isNaN(places[target]), `element ${target}`);
      places[target] = run.source + k * run.sourceStep;
    }
  }
  return { places, runs };
}

const views = fc
  .array(fc.record({ size: fc.integer({ min: 0, max: 4 }), stride: fc.integer({ min: 0, max: 30 }) }), {
    maxLength: 4,
  })
  .map((axes) => ({ shape: axes.map(({ size }) => size), strides: axes.map(({ stride }) => stride) }));

describe("strides", () => {
  it("are contiguous exactly if the elements follow each other", () => {
    fc.assert(
      fc.property(views, ({ shape, strides }) => {
        const follow = placesOf(shape, strides).every((place, k) => place === k);
        assert.equal(isContiguous(shape, strides), follow);
      }),
    );
    assert.ok(isContiguous([2, 3], [3, 1]));
    assert.ok(isContiguous([2, 1, 3], [3, 77, 1]), "an axis of one index is never stepped along");
    assert.ok(!isContiguous([3, 2], [1, 3]));
    assert.ok(isContiguous([], []));
  });

  it("reach as far as their last element", () => {
    fc.assert(
      fc.property(views, ({ shape, strides }) => {
        const places = placesOf(shape, strides);
        assert.equal(strideExtent(shape, strides), places.length === 0 ? 0 : Math.max(...places) + 1);
      }),
    );
    assert.ok(Number.isNaN(strideExtent([2 ** 40, 2], [2 ** 40, 1])));
    assert.ok(Number.isNaN(strideExtent([2, 2], [1])));
  });

  it("are followed by runs that bring each element of any range to its place once", () => {
    const ranges = views.chain(({ shape, strides }) => {
      const count = elementCount(shape);
      return fc
        .tuple(fc.integer({ min: 0, max: count }), fc.integer({ min: 0, max: count }))
        .map(([a, b]) => ({ shape, strides, begin: Math.min(a, b), end: Math.max(a, b) }));
    });
    fc.assert(
      fc.property(ranges, ({ shape, strides, begin, end }) => {
        const { places } = gather(shape, strides, begin, end);
        assert.deepEqual(places, placesOf(shape, strides).slice(begin, end));
      }),
      { numRuns: 1000 },
    );
  });

  it("need one run where elements follow each other, and one per column of a transposed matrix", () => {
    assert.equal(gather([4, 5, 6], [30, 6, 1], 7, 99).runs, 1);
    assert.equal(gather([100, 8], [1, 100], 0, 800).runs, 8);
    assert.equal(gather([100, 8], [1, 100], 8 * 20, 8 * 70).runs, 8);
    assert.equal(gather([50, 50], [0, 0], 0, 2500).runs, 1);
  });
});
