import assert from "node:assert/strict";
import fc from "fast-check";
import { didYouMean, editDistance, nearestName } from "../src/nearest.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "_"), maxLength: 8 });

describe("The nearest name", () => {
  it("counts insertions, deletions, substitutions and swaps of neighbours", () => {
    const pairs: [string, string, number][] = [
      ["density", "density", 0],
      ["densty", "density", 1],
      ["densitty", "density", 1],
      ["fitler", "filter", 1],
      ["kitten", "sitting", 3],
      ["", "abc", 3],
      ["abc", "", 3],
    ];
    for (const [a, b, distance] of pairs) assert.equal(editDistance(a, b), distance, `${a} ${b}`);
  });

  it("is at a distance that is symmetric, zero for equal texts only, and at most the longer length", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        assert.equal(distance, editDistance(b, a));
        assert.equal(distance === 0, a === b);
        assert.ok(distance <= Math.max(a.length, b.length));
        assert.ok(distance >= Math.abs(a.length - b.length));
      }),
    );
  });

  it("is found whatever the case and the separators", () => {
    assert.equal(nearestName("Model-Stock", ["linear", "model_stock"]), "model_stock");
    assert.equal(nearestName("modelstock", ["linear", "model_stock"]), "model_stock");
    assert.equal(nearestName("TIES", ["dare_ties", "ties"]), "ties");
  });

  it("is the first of the nearest, and none if all are far", () => {
    assert.equal(nearestName("weigth", ["width", "weight"]), "weight");
    assert.equal(nearestName("banana", ["weight", "density"]), undefined);
    assert.equal(nearestName("x", ["t", "y"]), undefined);
    assert.equal(nearestName("q".repeat(1_000_000), ["weight"]), undefined);
  });

  it("is offered as a question", () => {
    assert.equal(didYouMean("densty", ["density"]), ' Did you mean "density"?');
    assert.equal(didYouMean("banana", ["density"]), "");
  });
});
