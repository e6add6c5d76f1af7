import assert from "node:assert/strict";
import fc from "fast-check";
import { linesFactor } from "../../src/methods/lines.ts";
import { linesScale } from "../reference/scaling.ts";

const factor = (alpha: number, beta: number | undefined, layer?: number, layerCount?: number) =>
  linesFactor(
    { lines_alpha: alpha, lines_beta: beta },
    layer === undefined || layerCount === undefined ? {} : { layer, layerCount },
  );

describe("LiNeS' factor", () => {
  it("is the published one", () => {
    const numbers = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(numbers, numbers, fc.nat(40), fc.nat(40), (alpha, beta, layer, more) => {
        const layers = layer + more + 1;
        assert.ok(factor(alpha, beta, layer, layers) === linesScale({ alpha, beta, layer, layers }));
        assert.ok(factor(alpha, beta) === linesScale({ alpha, beta, layers }));
      }),
    );
  });

  it("is exactly one by default, and in the last layer if only the first one is scaled", () => {
    for (const layer of [0, 1, 2]) assert.equal(factor(1, undefined, layer, 3), 1);
    assert.equal(factor(1, undefined), 1);
    assert.equal(factor(0.25, undefined, 0, 5), 0.25);
    assert.equal(factor(0.25, undefined, 2, 5), 0.625);
    assert.equal(factor(0.25, undefined, 4, 5), 1);
  });
});
