import assert from "node:assert/strict";
import { truncate, utimes } from "node:fs/promises";
import { runPlan } from "../../src/engine/run.ts";
import { defineMethod } from "../../src/methods/define.ts";
import { addTaskVectors } from "../../src/methods/combination.ts";
import { gram } from "../../src/methods/statistics.ts";
import { isMergeError } from "../../src/errors.ts";
import { decodeSmallFloat, roundToSmallFloat } from "../fixtures/small-floats.ts";
import { makeNormal } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { handMadePlan, readResult } from "./hand-made-plan.ts";
import type { HandMadeTensor } from "./hand-made-plan.ts";

const SEGMENT = 4096;

type Small = "BF16" | "F16" | "F32";

function normals(
  seed: number,
  count: number,
  dtype: Small,
  scale = 1,
  around?: ArrayLike<number>,
): Float64Array {
  const normal = makeNormal(seed);
  return Float64Array.from({ length: count }, (_, i) =>
    roundToSmallFloat((around?.[i] ?? 0) + scale * normal(), dtype),
  );
}

/** Base and fine-tunes whose task vectors share a direction. */
function stockTensor(
  name: string,
  shape: number[],
  dtype: Small,
  seed: number,
  extra: Partial<HandMadeTensor> = {},
) {
  const count = shape.reduce((product, size) => product * size, 1);
  const base = normals(seed, count, dtype, 0.05);
  const shared = normals(seed + 1, count, "F32", 0.01, base);
  const models = [2, 3].map((k) => normals(seed + k, count, dtype, 0.007, shared));
  const inputs = models.map((values) => ({ dtype, values }));
  const tensor: HandMadeTensor = {
    name,
    shape,
    dtype,
    method: "model_stock",
    parameters: { theta: "cosine", granularity: "tensor", filter_wise: false },
    base: { dtype, values: base },
    inputs,
    ...extra,
  };
  return { tensor, base, models };
}

/** BF16 bits of magnitudes between 2^-7 and 2^-6, by a linear congruential generator. */
function bigTensor(shape: number[]): HandMadeTensor {
  let state = 1;
  const count = shape.reduce((product, size) => product * size, 1);
  const input = (): { dtype: "BF16"; values: Uint8Array } => {
    const bits = new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bits[i] = 0x3c00 | ((state >>> 16) & 0x807f);
    }
    return { dtype: "BF16", values: new Uint8Array(bits.buffer) };
  };
  return { ...stockTensor("big", [1], "BF16", 1).tensor, shape, base: input(), inputs: [input(), input()] };
}

/** Model Stock of two models in plain float64, over one unit. */
function modelStock(base: Float64Array, [x, y]: readonly Float64Array[]): Float64Array {
  let [xx, xy, yy] = [0, 0, 0];
  base.forEach((b, i) => {
    const [p, q] = [(x?.[i] ?? 0) - b, (y?.[i] ?? 0) - b];
    xx += p * p;
    xy += p * q;
    yy += q * q;
  });
  const cos = xy / Math.sqrt(xx * yy);
  const t = Math.max(0, (2 * cos) / (1 + cos));
  return base.map((b, i) => (t * ((x?.[i] ?? 0) + (y?.[i] ?? 0))) / 2 + (1 - t) * b);
}

function decode(bytes: Buffer, dtype: Small): Float64Array {
  if (dtype === "F32")
    return Float64Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) =>
    decodeSmallFloat(bytes.readUInt16LE(i * 2), dtype),
  );
}

/** Within one rounding of the dtype and a little F32 noise. */
function assertClose(got: Float64Array, expected: Float64Array, dtype: Small): void {
  assert.equal(got.length, expected.length);
  const ulp = { BF16: 2 ** -8, F16: 2 ** -11, F32: 2 ** -24 }[dtype];
  got.forEach((value, i) => {
    const want = expected[i] ?? NaN;
    assert.ok(
      Math.abs(value - want) <= Math.abs(want) * ulp * 1.01 + 3e-8,
      `element ${i}: ${value} for ${want}`,
    );
  });
}

describe("runPlan", () => {
  const folder = useTemporaryFolder();

  it("merges Model Stock as float64 does, in every dtype and whatever the size", async () => {
    for (const dtype of ["BF16", "F16", "F32"] as const) {
      const cases = [[1], [7], [SEGMENT], [3 * SEGMENT + 5], [300, 77]].map((shape, k) =>
        stockTensor(`t${k}`, shape, dtype, 10 * k + 1),
      );
      const { plan, out } = await handMadePlan(
        folder,
        cases.map((c) => c.tensor),
      );
      await runPlan(plan, { shardPaths: [out], workers: 2, tileBytes: 16_384 });
      for (const { tensor, base, models } of cases)
        assertClose(decode(await readResult(out, plan, tensor.name), dtype), modelStock(base, models), dtype);
    }
  });

  it("solves each row by itself when granularity says row, also rows longer than a tile", async () => {
    const shape = [3, 9000];
    const { tensor, base, models } = stockTensor("rows", shape, "F32", 5, { granularity: "row" });
    const { plan, out } = await handMadePlan(folder, [tensor]);
    const expected = [0, 1, 2].flatMap((row) => {
      const cut = (values: Float64Array) => values.slice(row * 9000, (row + 1) * 9000);
      return [...modelStock(cut(base), models.map(cut))];
    });
    for (const tileBytes of [16_384, 1 << 20]) {
      await runPlan(plan, { shardPaths: [out], workers: 1, tileBytes });
      assertClose(decode(await readResult(out, plan, "rows"), "F32"), Float64Array.from(expected), "F32");
    }
  });

  it("gives a group of tensors one ratio", async () => {
    const group = { granularity: "model" as const, group: "all" };
    const [a, b] = [stockTensor("a", [400], "F32", 1, group), stockTensor("b", [600], "F32", 50, group)];
    const join = (x: Float64Array = new Float64Array(), y: Float64Array = new Float64Array()) =>
      Float64Array.from([...x, ...y]);
    const expected = modelStock(
      join(a.base, b.base),
      [0, 1].map((i) => join(a.models[i], b.models[i])),
    );
    const { plan, out } = await handMadePlan(folder, [a.tensor, b.tensor]);
    await runPlan(plan, { shardPaths: [out] });
    assertClose(decode(await readResult(out, plan, "a"), "F32"), expected.slice(0, 400), "F32");
    assertClose(decode(await readResult(out, plan, "b"), "F32"), expected.slice(400), "F32");
  });

  it("writes the same bytes for any number of workers and any tile, and with the scalar twin", async () => {
    // 5 Mi elements: more than a stripe, so that several workers share the tensor.
    const big = bigTensor([5, 1_048_583]);
    const rows = stockTensor("rows", [40, 333], "BF16", 9, { granularity: "row" });
    const small = stockTensor("small", [40_000], "BF16", 30);
    const { plan, out } = await handMadePlan(folder, [big, rows.tensor, small.tensor]);
    const results: Buffer[] = [];
    for (const workers of [1, 2, 4])
      for (const segments of [1, 3, 17, 256]) {
        await runPlan(plan, { shardPaths: [out], workers, tileBytes: segments * SEGMENT * 2 });
        results.push(
          Buffer.concat([
            await readResult(out, plan, "big"),
            await readResult(out, plan, "rows"),
            await readResult(out, plan, "small"),
          ]),
        );
      }
    for (const result of results) assert.ok(result.equals(results[0] ?? Buffer.alloc(0)));

    const fewer = await handMadePlan(folder, [rows.tensor, small.tensor]);
    await runPlan(fewer.plan, { shardPaths: [fewer.out], workers: 1, scalar: true });
    const scalar = await readResult(fewer.out, fewer.plan, "small");
    await runPlan(fewer.plan, { shardPaths: [fewer.out], workers: 1 });
    assert.ok(scalar.equals(await readResult(fewer.out, fewer.plan, "small")));
  });

  it("gives equal inputs back bit for bit, whatever the weights", async () => {
    const values = normals(4, 10_000, "F32", 3);
    const weights = [0.2, 0.5, 0.9];
    const total = 0.2 + 0.5 + 0.9;
    const linear: HandMadeTensor = {
      name: "same",
      shape: [10_000],
      dtype: "F32",
      method: "linear",
      parameters: { normalize: true },
      inputs: weights.map((weight) => ({ dtype: "F32", values, parameters: { weight } })),
    };
    assert.notEqual(
      values.find((x) => weights.reduce((s, w) => s + Math.fround((w / total) * x), 0) !== x),
      undefined,
    );
    const { plan, out } = await handMadePlan(folder, [linear]);
    await runPlan(plan, { shardPaths: [out] });
    assert.deepEqual(decode(await readResult(out, plan, "same"), "F32"), values);
  });

  it("copies integers and zero-dimensional tensors, and skips empty ones", async () => {
    const copy = (name: string, shape: number[], values: number[]): HandMadeTensor => ({
      name,
      shape,
      dtype: "I64",
      method: "model_stock",
      action: "copy",
      inputs: [{ dtype: "I64", values }],
    });
    const scalar = stockTensor("scalar", [], "F32", 2);
    const tensors = [copy("ids", [3], [1, -2, 2 ** 40]), copy("none", [0, 4], []), scalar.tensor];
    const { plan, out } = await handMadePlan(folder, tensors);
    await runPlan(plan, { shardPaths: [out] });
    const ids = await readResult(out, plan, "ids");
    assert.deepEqual(
      [0, 8, 16].map((at) => Number(ids.readBigInt64LE(at))),
      [1, -2, 2 ** 40],
    );
    assertClose(
      decode(await readResult(out, plan, "scalar"), "F32"),
      modelStock(scalar.base, scalar.models),
      "F32",
    );
  });

  it("measures task vectors whose squares leave the range of F32", async () => {
    for (const scale of [1e-25, 1e25]) {
      const base = new Float64Array(600);
      const models = [1, 2].map((seed) => normals(seed, 600, "F32", scale, normals(9, 600, "F32", scale)));
      const { tensor } = stockTensor("far", [600], "F32", 1, {
        base: { dtype: "F32", values: base },
        inputs: models.map((values) => ({ dtype: "F32", values })),
      });
      const { plan, out } = await handMadePlan(folder, [tensor]);
      await runPlan(plan, { shardPaths: [out] });
      const got = decode(await readResult(out, plan, "far"), "F32");
      const expected = modelStock(base, models);
      got.forEach((value, i) => assert.ok(Math.abs(value / (expected[i] ?? NaN) - 1) < 1e-5, `${value}`));
    }
  });

  it("names tensor and model of a value that is not finite, and fails", async () => {
    const { tensor, models } = stockTensor("bad", [5000], "F32", 1);
    if (models[1]) models[1][4500] = NaN;
    const { plan, out } = await handMadePlan(folder, [tensor]);
    await assert.rejects(runPlan(plan, { shardPaths: [out] }), (error: unknown) => {
      assert.ok(isMergeError(error, "ENGINE_NON_FINITE"));
      assert.match(error.message, /1 value is NaN or infinite in bad of model ft2/);
      return true;
    });
    const report = await runPlan(plan, { shardPaths: [out], allowNonFinite: true });
    assert.deepEqual(
      report.nonFinite.map(({ tensor: name, model, count }) => ({ name, model, count })),
      [{ name: "bad", model: "ft2", count: 1 }],
    );
    const got = decode(await readResult(out, plan, "bad"), "F32");
    assert.deepEqual([got.filter(Number.isNaN).length, Number.isNaN(got[4500])], [1, true]);
  });

  it("notices an input that shrank or was written to since planning", async () => {
    const { tensor } = stockTensor("moving", [5000], "F32", 1);
    const { plan, out } = await handMadePlan(folder, [tensor]);
    const path = plan.models[1]?.files[0]?.path ?? "";
    await truncate(path, 100);
    await assert.rejects(runPlan(plan, { shardPaths: [out] }), { code: "SOURCE_CHANGED" });
    const again = await handMadePlan(folder, [tensor]);
    await utimes(path, new Date(), new Date(5));
    await assert.rejects(runPlan(again.plan, { shardPaths: [again.out] }), { code: "SOURCE_CHANGED" });
  });

  it("stops within a second when told to", async () => {
    const { plan, out } = await handMadePlan(folder, [bigTensor([5, 1_048_576])]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 40);
    const started = performance.now();
    await assert.rejects(
      runPlan(plan, { shardPaths: [out], workers: 1, scalar: true, signal: stop.signal }),
      {
        code: "INTERRUPTED",
      },
    );
    assert.ok(performance.now() - started < 1000);
  });

  it("runs a method of the caller's own", async () => {
    const half = defineMethod({
      name: "half_way",
      title: "Half way",
      summary: "",
      formula: "",
      base: "required",
      models: { min: 1 },
      parameters: {},
      whenMissing: "base",
      symmetric: true,
      measure: () => ({ products: gram("taskVectors") }),
      solve: ({ n }, { products }) => ({
        combination: addTaskVectors(new Float64Array(n).fill(0.5 / n)),
        report: { square: products.products[0] ?? NaN },
      }),
    });
    const { tensor, base, models } = stockTensor("own", [5000], "F32", 1, { method: "half_way" });
    const { plan, out } = await handMadePlan(folder, [tensor]);
    const report = await runPlan(plan, { shardPaths: [out], methods: [half] });
    const mean = base.map((b, i) => b + 0.25 * ((models[0]?.[i] ?? 0) + (models[1]?.[i] ?? 0) - 2 * b));
    assertClose(decode(await readResult(out, plan, "own"), "F32"), mean, "F32");
    const square = base.reduce((sum, b, i) => sum + ((models[0]?.[i] ?? 0) - b) ** 2, 0);
    assert.ok(Math.abs((report.tensors[0]?.numbers["square"] ?? NaN) / square - 1) < 1e-6);
  });
});
