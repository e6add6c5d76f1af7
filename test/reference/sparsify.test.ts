import assert from "node:assert/strict";
import fc from "fast-check";
import { dellaProbabilities, keepLargest, keepMasked, keepMiddle, rescaled } from "./sparsify.ts";
import { mean, sumOfMagnitudes } from "./vectors.ts";

/** Few distinct magnitudes, so that equal ones are common. */
const deltas = fc
  .array(
    fc.integer({ min: -4, max: 4 }).filter((value) => value !== 0),
    { minLength: 1, maxLength: 60 },
  )
  .map((values) => Float64Array.from(values));
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });

const keptIndices = (kept: Float64Array) => [...kept.keys()].filter((i) => kept[i] !== 0);
const magnitudeAt = (delta: Float64Array) => (i: number) => Math.abs(delta[i] ?? NaN);

describe("references of the sparsifiers", () => {
  it("keep the int(density * N) largest entries, one at least, and none at density 0", () => {
    fc.assert(
      fc.property(deltas, fraction, (delta, density) => {
        const kept = keptIndices(keepLargest(delta, density));
        const count = density === 0 ? 0 : Math.max(1, Math.trunc(density * delta.length));
        assert.equal(kept.length, count);
        const dropped = [...delta.keys()].filter((i) => !kept.includes(i));
        const smallestKept = Math.min(...kept.map(magnitudeAt(delta)));
        for (const i of dropped) {
          const magnitude = magnitudeAt(delta)(i);
          assert.ok(magnitude <= smallestKept);
          // Among equal ones, those kept come first.
          for (const k of kept) if (magnitudeAt(delta)(k) === magnitude) assert.ok(k < i);
        }
      }),
    );
  });

  it("keep exactly int(density * N) entries below the outliers", () => {
    fc.assert(
      fc.property(deltas, fraction, fraction, (delta, density, gamma) => {
        const kept = keptIndices(keepMiddle(delta, density, gamma));
        const count = Math.trunc(density * delta.length);
        assert.equal(kept.length, count);
        const outliers = Math.min(Math.trunc(gamma * delta.length), delta.length - count);
        const falling = [...delta].map(Math.abs).sort((a, b) => b - a);
        const keptMagnitudes = kept.map(magnitudeAt(delta)).sort((a, b) => b - a);
        assert.deepEqual(keptMagnitudes, falling.slice(outliers, outliers + count));
        for (const i of delta.keys()) {
          if (kept.includes(i)) continue;
          const later = kept.filter((k) => k > i && magnitudeAt(delta)(k) === magnitudeAt(delta)(i));
          assert.deepEqual(later, [], "an equal entry of a higher index was kept instead");
        }
      }),
    );
  });

  it("drop fewer outliers where the density asks for more entries than they leave", () => {
    const delta = Float64Array.of(5, -4, 3, -2, 1);
    assert.deepEqual(keepMiddle(delta, 0.8, 0.6), Float64Array.of(0, -4, 3, -2, 1));
    assert.deepEqual(keepMiddle(delta, 0.4, 0.2), Float64Array.of(0, -4, 3, 0, 0));
    assert.deepEqual(keepMiddle(delta, 0.4, 0), Float64Array.of(5, -4, 0, 0, 0));
    assert.deepEqual(keepMiddle(delta, 0.1, 0), new Float64Array(5));
  });

  it("leave the task vector alone at density 1 and keep nothing of it at density 0", () => {
    const delta = Float64Array.of(1, 2);
    assert.equal(keepLargest(delta, 1), delta);
    assert.equal(keepMiddle(delta, 1, 0.5), delta);
    assert.equal(keepMasked(delta, 1, undefined), delta);
    assert.deepEqual(keepMasked(delta, 0, [1, 1]), new Float64Array(2));
    assert.deepEqual(keepMasked(delta, 0.5, [0, 1]), Float64Array.of(0, 2));
    assert.throws(() => keepMasked(delta, 0.5, undefined), /needs a mask/);
  });

  it("restore the sum of magnitudes unless next to nothing is left", () => {
    const delta = Float64Array.of(1, -2, 3);
    const kept = Float64Array.of(0, -2, 0);
    assert.equal(sumOfMagnitudes(rescaled(kept, delta)), 6);
    const tiny = Float64Array.of(0, 1e-8, 0);
    assert.equal(rescaled(tiny, delta), tiny);
    assert.equal(rescaled(new Float64Array(3), new Float64Array(3))[0], 0);
  });

  it("spread DELLA's probabilities by rank within each row, equal magnitudes alike", () => {
    const delta = Float64Array.of(3, -1, 2, /**/ 5, 5, -5);
    const p = dellaProbabilities(delta, [2, 3], 0.5, 0.2);
    const expected = [0.7, 0.3, 0.5, 0.5, 0.5, 0.5];
    p.forEach((value, i) => {
      assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 1e-12);
    });
    assert.ok(Math.abs(mean([...dellaProbabilities(Float64Array.of(4, 9), [2, 1], 0.3, 0.1)]) - 0.3) < 1e-12);
  });
});
