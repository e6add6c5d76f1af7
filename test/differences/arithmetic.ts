import assert from "node:assert/strict";
import { isMergeError } from "../../src/index.ts";
import { floats, LINEAR_AB, STOCK_AB } from "./workplace.ts";
import type { Checks, Workplace } from "./workplace.ts";

export const arithmeticChecks = (at: Workplace): Checks => ({
  rounding: async () => {
    // Cast to bfloat16 first, 1 + 2^-9 would be 1 and the difference 0.
    const text = LINEAR_AB.replace(
      "weight: 1}}]",
      "weight: -1}}]\nparameters: {normalize: false}\ndtype: bfloat16",
    );
    assert.deepEqual((await at.mergeVectors({ a: [1 + 2 ** -9], b: [1] }, text)).values, [2 ** -9]);
  },
  "small task vectors": async () => {
    const n = 768;
    const signs = Array.from({ length: n }, (_, i) => (i < 703 ? 1 : -1));
    const models = {
      base: signs.map(() => 0),
      a: signs.map(() => 2e-5),
      b: signs.map((sign) => sign * 2e-5),
    };
    const { numbers } = await at.mergeVectors(models, STOCK_AB);
    const cos = (2 * 703 - n) / n;
    assert.ok(Math.abs((numbers["t"] ?? 0) - (2 * cos) / (1 + cos)) < 1e-6);
    assert.ok((numbers["t"] ?? 0) > 0.9);
  },
  "a model equal to the base": async () => {
    const base = [3, 1, 4];
    const only = await at.mergeVectors({ base, a: base, b: [3, 1, 5] }, STOCK_AB);
    assert.deepEqual(only.values, base);
    const text = STOCK_AB.replace("{model: b}", "{model: b}, {model: c}");
    const { numbers } = await at.mergeVectors({ base, a: base, b: [4, 1, 4], c: [4, 2, 4] }, text);
    assert.equal(numbers["zeroVectors"], 1);
    assert.ok(Math.abs((numbers["cos"] ?? 0) - Math.SQRT1_2) < 1e-12);
  },
  "negative cosine": async () => {
    const models = { base: [1, 1], a: [2, 1], b: [0.5, 1 + Math.sqrt(0.75)] };
    const { values, numbers } = await at.mergeVectors(models, STOCK_AB);
    assert.ok(Math.abs((numbers["cos"] ?? 0) + 0.5) < 1e-6);
    assert.deepEqual([numbers["t"], ...values], [0, 1, 1]);
  },
  "equal inputs": async () => {
    const equal = Array.from({ length: 100 }, (_, i) => Math.fround(Math.sin(i) * 1e-3));
    const text = LINEAR_AB.replace("weight: 1", "weight: 0.3").replace("weight: 1", "weight: 0.7");
    assert.deepEqual((await at.mergeVectors({ a: equal, b: equal }, text)).values, equal);
  },
  "NaN and infinity": async () => {
    const folder = await at.modelsIn({ a: { w: floats([1, NaN]) }, b: { w: floats([1, 1]) } });
    await assert.rejects(at.run(folder, LINEAR_AB), (error) => {
      assert.ok(isMergeError(error, "ENGINE_NON_FINITE"));
      assert.match(error.message, /1 value .* w of model a/);
      return true;
    });
    const { report } = await at.run(folder, LINEAR_AB, { allowNonFinite: true });
    assert.deepEqual(
      report.run.nonFinite.map(({ tensor, model }) => [tensor, model]),
      [["w", "a"]],
    );
  },
});
