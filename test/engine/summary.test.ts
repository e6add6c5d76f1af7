import assert from "node:assert/strict";
import { summarizeKinds } from "../../src/engine/summary.ts";

describe("the summary by kind of tensor", () => {
  it("gives smallest, middle and largest of every number, kinds in a fixed order", () => {
    const summary = summarizeKinds([
      { kind: "norm", numbers: { angle: 90, t: 0 } },
      { kind: "attention", numbers: { angle: 60, t: 0.5 } },
      { kind: "attention", numbers: { angle: 20, t: 0.9 } },
      { kind: "attention", numbers: { angle: 40, t: 0.6 } },
      { kind: "norm", numbers: { angle: 70 } },
    ]);
    assert.deepEqual(summary, [
      {
        kind: "attention",
        tensorCount: 3,
        numbers: {
          angle: { count: 3, minimum: 20, median: 40, maximum: 60 },
          t: { count: 3, minimum: 0.5, median: 0.6, maximum: 0.9 },
        },
      },
      {
        kind: "norm",
        tensorCount: 2,
        numbers: {
          angle: { count: 2, minimum: 70, median: 80, maximum: 90 },
          t: { count: 1, minimum: 0, median: 0, maximum: 0 },
        },
      },
    ]);
  });

  it("counts tensors without a number and leaves NaN out of the spread", () => {
    const summary = summarizeKinds([
      { kind: "head", numbers: {} },
      { kind: "head", numbers: { angle: NaN } },
      { kind: "bias", numbers: {} },
    ]);
    assert.deepEqual(summary, [
      { kind: "bias", tensorCount: 1, numbers: {} },
      { kind: "head", tensorCount: 2, numbers: {} },
    ]);
  });
});
