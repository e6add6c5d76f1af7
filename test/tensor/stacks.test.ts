import assert from "node:assert/strict";
import { deepestStack, depthOf, stacksOf } from "../../src/tensor/stacks.ts";

describe("stacks of layers", () => {
  it("finds each part's layers, in numeric order, whatever the order of the names", () => {
    const stacks = stacksOf([
      "model.layers.10.mlp.w",
      "model.layers.2.mlp.w",
      "vision.blocks.0.attn.w",
      "norm.weight",
    ]);
    assert.deepEqual(
      [...stacks.values()].map(({ prefix, layers }) => [prefix, ...layers]),
      [
        ["model.layers", 2, 10],
        ["vision.blocks", 0],
      ],
    );
    const deepest = deepestStack(stacks);
    assert.equal(deepest?.prefix, "model.layers");
    assert.equal(depthOf(deepest), 11);
  });

  it("takes the steps of a sequence for layers only where there are no others", () => {
    assert.deepEqual([...stacksOf(["h.0.attn.w", "merger.mlp.2.weight"]).keys()], ["h"]);
    assert.deepEqual([...stacksOf(["mlp.0.weight", "mlp.2.weight"]).keys()], ["mlp"]);
    assert.equal(deepestStack(stacksOf(["a.weight"])), undefined);
  });
});
