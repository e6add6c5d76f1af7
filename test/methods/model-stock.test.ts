import assert from "node:assert/strict";
import { modelStock } from "../../src/methods/model-stock.ts";
import { run } from "./evaluate.ts";
import { threeVectors } from "./gram-of.ts";

const DEFAULTS = { theta: "cosine", granularity: "tensor", filter_wise: false };
const BASE = [10, -20, 30];
const plus = (delta: readonly number[]) => BASE.map((value, k) => value + (delta[k] ?? NaN));
const near = (actual: number | undefined, expected: number, tolerance: number) => {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= tolerance,
    `${String(actual)} is not ${expected}`,
  );
};

describe("model_stock", () => {
  it("moves two models at 60 degrees two thirds of the way to their mean", () => {
    const inputs = [plus([1, 0, 0]), plus([0.5, Math.sqrt(0.75), 0])];
    const { out, report } = run(modelStock, DEFAULTS, BASE, inputs);
    near(report?.["t"], 2 / 3, 1e-12);
    near(report?.["angle"], 60, 1e-9);
    BASE.forEach((base, k) => {
      const mean = ((inputs[0]?.[k] ?? NaN) + (inputs[1]?.[k] ?? NaN)) / 2;
      near(out[k], (2 / 3) * mean + base / 3, 1e-12);
    });
  });

  it("tells the mean of angles from the mean of cosines at 40, 60 and 80 degrees", () => {
    const inputs = threeVectors(40, 60, 80).map(plus);
    const t = (theta: string) => run(modelStock, { ...DEFAULTS, theta }, BASE, inputs).report?.["t"];
    near(t("angle"), 0.75, 5e-4);
    near(t("cosine"), 0.735, 5e-4);
    near(t("gram"), 0.735, 5e-4);
  });

  it("gives equal models back exactly, with an angle of zero", () => {
    const x = [10.3, -20.7, 30.1];
    const { out, report } = run(modelStock, DEFAULTS, BASE, [x, x, x]);
    assert.deepEqual(out, x);
    assert.deepEqual(report, { cos: 1, angle: 0, clamped: 0, zeroVectors: 0, t: 1 });
  });

  it("gives the base exactly when the task vectors are orthogonal, without calling it clamped", () => {
    const { out, report } = run(modelStock, DEFAULTS, BASE, [plus([1, 0, 0]), plus([0, 1, 0])]);
    assert.deepEqual(out, BASE);
    assert.equal(report?.["t"], 0);
    assert.equal(report["clamped"], 0);
  });

  it("gives the base exactly and reports the clamp when the mean cosine is negative", () => {
    const inputs = [plus([1, 0, 0]), plus([-0.5, 0.5, 0])];
    for (const theta of ["cosine", "angle", "gram"]) {
      const { out, report } = run(modelStock, { ...DEFAULTS, theta }, BASE, inputs);
      assert.deepEqual(out, BASE);
      assert.equal(report?.["t"], 0);
      assert.equal(report["clamped"], 1);
      near(report["angle"], 135, 1e-9);
    }
  });

  it("leaves a model that equals the base out of the angle, and counts it", () => {
    const inputs = [plus([1, 0, 0]), BASE, plus([0.5, Math.sqrt(0.75), 0])];
    const { report } = run(modelStock, DEFAULTS, BASE, inputs);
    near(report?.["cos"], 0.5, 1e-12);
    near(report?.["t"], (3 * 0.5) / (1 + 2 * 0.5), 1e-12);
    assert.equal(report?.["zeroVectors"], 1);
  });

  it("gives the base exactly when no or only one model moved, and reports no angle", () => {
    for (const [inputs, zeroVectors] of [
      [[BASE, BASE], 2],
      [[BASE, plus([1, 2, 3])], 1],
    ] as const) {
      for (const theta of ["cosine", "angle", "gram"]) {
        const { out, report } = run(modelStock, { ...DEFAULTS, theta }, BASE, inputs);
        assert.deepEqual(out, BASE);
        assert.deepEqual(report, { zeroVectors });
      }
    }
  });

  it("has no floor: task vectors of 1e-9 have the ratio of their angle", () => {
    const tiny = threeVectors(60, 60, 60).map((v) => v.map((value) => value * 1e-9));
    const zero = [0, 0, 0];
    near(run(modelStock, DEFAULTS, zero, tiny).report?.["t"], 0.75, 1e-12);
  });

  it("reads filter_wise as granularity row and refuses it beside a larger unit", () => {
    const settings = { theta: "cosine", granularity: "tensor", filter_wise: true } as const;
    assert.equal(modelStock.granularity?.(settings), "row");
    assert.equal(modelStock.check?.(settings, 2), undefined);
    assert.match(modelStock.check?.({ ...settings, granularity: "layer" }, 2) ?? "", /filter_wise/);
    assert.equal(
      modelStock.granularity?.({ ...settings, filter_wise: false, granularity: "layer" }),
      "layer",
    );
  });
});
