import assert from "node:assert/strict";
import { discordant, holm, mcnemar, meanInterval, wilson } from "../../src/compare/statistics.ts";

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

describe("Wilson's interval", () => {
  // R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
  for (const [correct, examples, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    it(`is the published one for ${correct} of ${examples}`, () => {
      const interval = wilson(correct, examples);
      near(interval.low, low, 5e-5);
      near(interval.high, high, 5e-5);
    });
  }

  it("ends exactly at 1 where all answers are right, and mirrors that of the wrong ones", () => {
    const [all, none] = [wilson(20, 20), wilson(0, 20)];
    assert.equal(all.high, 1);
    near(all.low, 1 - none.high, 1e-15);
  });
});

describe("The interval of a mean over splits", () => {
  it("is Wilson's for one split", () => {
    assert.deepEqual(meanInterval([{ correct: 15, examples: 148 }]), wilson(15, 148));
  });

  it("is that of all examples together for many splits of one size and share", () => {
    const { low, high } = meanInterval(Array(5).fill({ correct: 500, examples: 1000 }));
    const half = 1.959964 * Math.sqrt(0.25 / 5000);
    near(low, 0.5 - half, 1e-4);
    near(high, 0.5 + half, 1e-4);
  });

  it("does not take a mean without a mistake for certain", () => {
    const { low, high } = meanInterval(Array(2).fill({ correct: 10, examples: 10 }));
    assert.equal(high, 1);
    assert.ok(low < 0.9);
  });
});

describe("McNemar's test", () => {
  // Computed with exact rational numbers: 2 sum_{i <= min} C(n, i) / 2^n.
  for (const [gained, lost, p] of [
    [1, 9, 0.021484375],
    [0, 5, 0.0625],
    [5, 5, 1],
    [0, 0, 1],
    [6, 16, 0.052478790283203125],
    [150, 86, 3.715936139571442e-5],
    [1012, 900, 0.011113362602680091],
    [3000, 2500, 1.6615256105422594e-11],
    [20_000, 20_400, 0.04713209701042844],
  ] as const) {
    it(`is exact for ${gained} against ${lost}, either way round`, () => {
      near(mcnemar(gained, lost), p, p * 1e-9);
      assert.equal(mcnemar(lost, gained), mcnemar(gained, lost));
    });
  }
});

describe("Holm's correction", () => {
  it("multiplies the smallest p by the number of tests, the next by one less, and never lets them cross", () => {
    // Steps: 4 * 0.01, then 3 * 0.02, then the larger of that and 2 * 0.022, then 1 * 0.5.
    const adjusted = holm([0.022, 0.01, 0.5, 0.02]);
    [0.06, 0.04, 0.5, 0.06].forEach((expected, i) => near(adjusted[i] ?? NaN, expected, 1e-15));
  });
});

describe("Discordant examples", () => {
  it("are counted by who alone is right", () => {
    const found = discordant(Uint8Array.of(1, 1, 0, 0, 1), Uint8Array.of(1, 0, 1, 0, 0));
    assert.deepEqual(found, { gained: 2, lost: 1 });
  });
});
