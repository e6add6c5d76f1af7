import assert from "node:assert/strict";
import { METHODS, methodByName } from "../../src/methods/index.ts";
import { linear } from "../../src/methods/linear.ts";
import { passthrough } from "../../src/methods/passthrough.ts";
import { slerp } from "../../src/methods/slerp.ts";
import { taskArithmetic } from "../../src/methods/task-arithmetic.ts";
import { defineMethod } from "../../src/methods/define.ts";
import { weightedSum } from "../../src/methods/combination.ts";
import { linearOf, run } from "./evaluate.ts";

const BASE = [1.1, -2.3, 0.7];
const X = [0.3, 5.1, -1.9];
const Y = [2.7, 0.1, 8.3];
const at = (vector: readonly number[], k: number) => vector[k] ?? NaN;
const sameNumbers = (actual: readonly number[], expected: (k: number) => number) => {
  actual.forEach((value, k) => {
    assert.ok(Math.abs(value - expected(k)) < 1e-13, `${value} is not ${expected(k)}`);
  });
};

describe("linear", () => {
  it("divides by the sum of the weights unless told not to", () => {
    const weight = [0.5, 1.5];
    const mean = (k: number) => (0.5 * at(X, k) + 1.5 * at(Y, k)) / 2;
    sameNumbers(run(linear, { weight, normalize: true }, undefined, [X, Y]).out, mean);
    sameNumbers(run(linear, { weight, normalize: false }, undefined, [X, Y]).out, (k) => 2 * mean(k));
  });

  it("gives equal models back exactly with weights that do not sum to one in binary", () => {
    const parameters = { weight: [0.1, 0.2, 0.4], normalize: true };
    assert.deepEqual(run(linear, parameters, undefined, [X, X, X]).out, X);
  });

  it("refuses weights that cancel only when it would divide by their sum", () => {
    const weight = [0.1, 0.2, -0.3];
    assert.match(linear.check?.({ weight, normalize: true }, 3) ?? "", /sum to zero/);
    assert.equal(linear.check?.({ weight, normalize: false }, 3), undefined);
  });
});

describe("task_arithmetic", () => {
  const others = { density: [1, 1], rescale: false, int8_mask: false, lines_alpha: 1, lines_beta: undefined };

  it("adds lambda times the weighted task vectors", () => {
    const parameters = { weight: [0.8, -0.3], lambda: 0.7, normalize: false, ...others };
    sameNumbers(run(taskArithmetic, parameters, BASE, [X, Y]).out, (k) => {
      const b = at(BASE, k);
      return b + 0.7 * (0.8 * (at(X, k) - b) - 0.3 * (at(Y, k) - b));
    });
  });

  it("divides by the sum of the weights when normalising, and not when they cancel", () => {
    const solve = (weight: number[]) =>
      linearOf(
        run(taskArithmetic, { weight, lambda: 1, normalize: true, ...others }, BASE, [X, Y]).combination,
      ).coefficients;
    assert.deepEqual([...solve([1, 3])], [0.25, 0.75]);
    assert.deepEqual([...solve([1, -1])], [1, -1]);
  });
});

describe("slerp", () => {
  it("follows the arc between two vectors at a right angle", () => {
    const t = 1 / 3;
    const { out, report } = run(slerp, { t }, [2, 0], [[0, 3]]);
    sameNumbers(out, (k) => (k === 0 ? 2 * Math.cos(Math.PI / 6) : 3 * Math.sin(Math.PI / 6)));
    assert.ok(Math.abs(at([report?.["angle"] ?? NaN], 0) - 90) < 1e-9);
  });

  it("gives the base at 0 and the model at 1, bit for bit", () => {
    assert.deepEqual(run(slerp, { t: 0 }, BASE, [X]).out, BASE);
    assert.deepEqual(run(slerp, { t: 1 }, BASE, [X]).out, X);
  });

  it("interpolates on a straight line above a cosine of 0.9995 and below -0.9995", () => {
    const close = BASE.map((value) => value * 1.5 + 1e-4);
    sameNumbers(run(slerp, { t: 0.25 }, BASE, [close]).out, (k) => 0.75 * at(BASE, k) + 0.25 * at(close, k));
    const opposite = BASE.map((value) => -2 * value);
    sameNumbers(
      run(slerp, { t: 0.25 }, BASE, [opposite]).out,
      (k) => 0.75 * at(BASE, k) + 0.25 * at(opposite, k),
    );
  });

  it("gives equal models back exactly, and zeros for zeros", () => {
    assert.deepEqual(run(slerp, { t: 0.3 }, X, [X]).out, X);
    assert.deepEqual(run(slerp, { t: 0.3 }, [0, 0], [[0, 0]]).out, [0, 0]);
  });

  it("takes a vector of norm below 1e-8 as it is, at a right angle to the other", () => {
    const { out } = run(slerp, { t: 0.5 }, [1e-9, 0], [[0, 4]]);
    sameNumbers(out, (k) => Math.SQRT1_2 * at([1e-9, 4], k));
  });
});

describe("passthrough", () => {
  it("copies bytes without a scale or with a scale of one, and scales otherwise", () => {
    assert.equal(passthrough.isCopy?.({ scale: [undefined] }), true);
    assert.equal(passthrough.isCopy?.({ scale: [1] }), true);
    assert.equal(passthrough.isCopy?.({ scale: [0.5] }), false);
    assert.deepEqual(run(passthrough, { scale: [undefined] }, undefined, [X]).out, X);
    assert.deepEqual(run(passthrough, { scale: [0.5] }, undefined, [X]).out, [0.15, 2.55, -0.95]);
  });
});

describe("methods", () => {
  it("have distinct names, a sentence each and a documented parameter table", () => {
    assert.equal(new Set(METHODS.map((method) => method.name)).size, METHODS.length);
    for (const { name, summary, parameters } of METHODS) {
      assert.match(summary, /\.$/, name);
      for (const spec of Object.values(parameters as Record<string, { doc: string }>))
        assert.match(spec.doc, /\.$/);
    }
  });

  it("are found by name, a caller's own among them", () => {
    const own = defineMethod({
      name: "own",
      title: "Own",
      summary: "Takes the first model.",
      formula: "out = x_1",
      base: "ignored",
      models: { min: 1 },
      parameters: {},
      whenMissing: "error",
      symmetric: false,
      solve: ({ n }) => ({ combination: weightedSum([1, ...Array<number>(n - 1).fill(0)]) }),
    });
    assert.equal(methodByName("linear"), linear);
    assert.equal(methodByName("own"), undefined);
    assert.equal(methodByName("own", [own])?.name, "own");
  });
});
