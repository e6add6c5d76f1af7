import assert from "node:assert/strict";
import { isMergeError } from "../../src/errors.ts";
import { runPlan } from "../../src/engine/run.ts";
import type { RunOptions } from "../../src/engine/run-types.ts";
import { splitColumns } from "../../src/engine/segments.ts";
import { makeNormal } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import type { TinyDtype } from "../fixtures/tiny-models.ts";
import { runReference } from "../reference/index.ts";
import { handMadePlan, readResult } from "./hand-made-plan.ts";
import type { HandMadeTensor } from "./hand-made-plan.ts";

const WEIGHT = [0.3, 0.9];

interface Case {
  readonly shape: readonly number[];
  readonly base?: Float64Array;
  readonly models: readonly Float64Array[];
  /** Of base and models in turn, and of the result. */
  readonly dtypes: readonly TinyDtype[];
}

function makeCase(
  seed: number,
  shape: readonly number[],
  dtypes: readonly TinyDtype[],
  withBase: boolean,
): Case {
  const count = shape.reduce((product, size) => product * size, 1);
  const normal = [0, 1, 2, 3].map((k) => makeNormal(seed + k));
  // The fine-tunes share most of what they add: at angles near 180 degrees no arithmetic is exact.
  const next = () => {
    const [base = NaN, shared = NaN, x = NaN, y = NaN] = normal.map((draw) => draw());
    return [base, base + shared + 0.4 * x, base + shared + 0.4 * y].map((value, k) =>
      roundTo(value, dtypes[k] ?? "F32"),
    );
  };
  const drawn = Array.from({ length: count }, next);
  const [base, ...models] = [0, 1, 2].map((k) => Float64Array.from(drawn, (values) => values[k] ?? NaN));
  return { shape, dtypes, models, ...(withBase && base !== undefined ? { base } : {}) };
}

function tensorOf(name: string, { shape, base, models, dtypes }: Case): HandMadeTensor {
  return {
    name,
    shape,
    dtype: dtypes[3] ?? "F32",
    method: "nuslerp",
    granularity: "column",
    parameters: { nuslerp_flatten: false, nuslerp_row_wise: true },
    ...(base === undefined ? {} : { base: { dtype: dtypes[0] ?? "F32", values: base } }),
    inputs: models.map((values, i) => {
      return { dtype: dtypes[i + 1] ?? "F32", values, parameters: { weight: WEIGHT[i] ?? NaN } };
    }),
  };
}

const expectedOf = ({ shape, base, models }: Case) =>
  runReference("nuslerp", {
    ...(base === undefined ? {} : { base }),
    models,
    shape,
    weight: WEIGHT,
    nuslerp_flatten: false,
    nuslerp_row_wise: true,
  });

function decode(bytes: Buffer, dtype: TinyDtype): number[] {
  const at = (i: number) => {
    if (dtype === "F64") return bytes.readDoubleLE(i * 8);
    if (dtype === "F32") return bytes.readFloatLE(i * 4);
    return Buffer.from([0, 0, ...bytes.subarray(2 * i, 2 * i + 2)]).readFloatLE(0);
  };
  const size = { F64: 8, F32: 4, BF16: 2, F16: 2 }[dtype];
  return Array.from({ length: bytes.length / size }, (_, i) => at(i));
}

function assertClose(got: readonly number[], expected: Float64Array, dtype: TinyDtype): void {
  const half = { BF16: 2 ** -8, F16: 2 ** -11, F32: 2 ** -24, F64: 2 ** -53 }[dtype];
  const arithmetic = dtype === "F64" ? 2 ** -40 : 2 ** -18;
  assert.equal(got.length, expected.length);
  got.forEach((value, i) => {
    const want = expected[i] ?? NaN;
    assert.ok(
      Math.abs(value - want) <= half * Math.abs(want) + arithmetic,
      `element ${i}: ${value} for ${want}`,
    );
  });
}

describe("columns", () => {
  const folder = useTemporaryFolder();

  /** Runs the same plan with each of the options in turn. */
  async function runAll(cases: readonly Case[], all: readonly Partial<RunOptions>[]): Promise<Buffer[][]> {
    const tensors = cases.map((each, i) => tensorOf(`t${i}`, each));
    const { plan, out } = await handMadePlan(folder, tensors);
    const results: Buffer[][] = [];
    for (const options of all) {
      await runPlan(plan, { workers: 1, ...options, shardPaths: [out] });
      results.push(await Promise.all(tensors.map(({ name }) => readResult(out, plan, name))));
    }
    return results;
  }

  async function run(cases: readonly Case[], options: Partial<RunOptions> = {}): Promise<Buffer[]> {
    return (await runAll(cases, [options]))[0] ?? [];
  }

  const F32 = ["F32", "F32", "F32", "F32"] as const;
  const SHAPES = [[1], [6], [1, 5], [7, 1], [40, 30], [5, 6, 30], [3, 40_001], [5_001, 3], [3, 4_096]];

  it("are solved each by itself, whatever shape and dtype, with and without a base", async () => {
    const dtypes: readonly (readonly TinyDtype[])[] = [
      F32,
      ["BF16", "BF16", "BF16", "BF16"],
      ["F32", "BF16", "F32", "F32"],
      ["F32", "F64", "BF16", "F64"],
    ];
    for (const withBase of [true, false]) {
      const cases = SHAPES.flatMap((shape, k) =>
        // Strips are the same in every dtype.
        dtypes
          .slice(0, shape.includes(40_001) ? 1 : undefined)
          .map((each, d) => makeCase(100 * k + 10 * d, shape, each, withBase)),
      );
      const got = await run(cases, { tileBytes: 65_536 });
      cases.forEach((each, i) => {
        const dtype = each.dtypes[3] ?? "F32";
        assertClose(decode(got[i] ?? Buffer.alloc(0), dtype), expectedOf(each), dtype);
      });
    }
  });

  it("give the same bytes for any tile and number of workers, and with the scalar twin", async () => {
    const cases = SHAPES.map((shape, k) => makeCase(k, shape, ["BF16", "BF16", "F32", "F32"], k % 2 === 0));
    const tiles = [1, 3, 17, 256].map((segments) => segments * 4096 * 4);
    const runs = [1, 3].flatMap((workers) => tiles.map((tileBytes) => ({ workers, tileBytes })));
    const results = await runAll(cases, [...runs, { scalar: true }]);
    for (const result of results) assert.deepEqual(result, results[0]);
  });

  it("keep the anchor that each of them asks for", async () => {
    // Columns: fine-tunes that are equal, task vectors at 174 degrees, whose coefficients of 7 leave -13 for the base,
    // and fine-tunes of which one never left the base.
    const base = Float64Array.of(0.1, 1, -0, 0.3, 2, 0);
    const x = Float64Array.of(0.7, 2, -0, 0.9, 3, 0.3);
    const y = Float64Array.of(0.7, 0.1, -0, 0.9, 0.9, 0);
    const round = (values: Float64Array) => values.map((value) => Math.fround(value));
    const [one] = await run([
      { shape: [2, 3], base: round(base), models: [round(x), round(y)], dtypes: F32 },
    ]);
    const got = decode(one ?? Buffer.alloc(0), "F32");
    const expected = expectedOf({ shape: [2, 3], base, models: [x, y], dtypes: F32 });
    assertClose(got, expected, "F32");
    assert.deepEqual([got[0], got[2], got[3]], [Math.fround(0.7), -0, Math.fround(0.9)]);
  });

  it("are found in inputs that are stored column after column", async () => {
    const [rows, columns] = [90, 2_500];
    const straight = makeCase(5, [rows, columns], F32, true);
    const turn = (values: Float64Array) =>
      Float64Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? NaN);
    const [expected] = await run([straight], { tileBytes: 65_536 });
    const tensor = tensorOf("turned", straight);
    const inputs = tensor.inputs.map((input) => {
      return { ...input, values: turn(input.values as Float64Array), strides: [1, rows] };
    });
    const { plan, out } = await handMadePlan(folder, [{ ...tensor, inputs }]);
    await runPlan(plan, { shardPaths: [out], tileBytes: 65_536 });
    assert.ok(expected?.equals(await readResult(out, plan, "turned")));
  });

  it("name the model of a value that is not finite, even if it counts for nothing", async () => {
    const shape = [3, 5_000];
    const good = makeCase(1, shape, F32, true);
    for (const [model, weight] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const tensor = tensorOf("spoilt", good);
      const inputs = tensor.inputs.map((input, i) => {
        const values = Float64Array.from(input.values as Float64Array);
        if (i === model) values[14_999] = Infinity;
        return { ...input, values, parameters: { weight: i === model ? weight : 1 } };
      });
      const { plan, out } = await handMadePlan(folder, [{ ...tensor, inputs }]);
      await assert.rejects(runPlan(plan, { shardPaths: [out] }), (error: unknown) => {
        assert.ok(isMergeError(error) && error.code === "ENGINE_NON_FINITE");
        assert.match(error.message, new RegExp(`1 value is .* of model ft${model + 1}`));
        return true;
      });
      const report = await runPlan(plan, { shardPaths: [out], allowNonFinite: true });
      assert.equal(report.nonFinite.find((entry) => entry.model !== undefined)?.count, 1);
      // All other columns are as they were.
      const got = decode(await readResult(out, plan, "spoilt"), "F32");
      got.forEach((value, i) => assert.ok(Number.isFinite(value) || i % 5_000 === 4_999, `element ${i}`));
    }
  });

  it("are divided into strips that cover them once, each wide enough to read", () => {
    for (const [rows, columns] of [
      [32_000, 4_096],
      [3, 100_001],
      [4_096, 14_336],
      [128, 1_572_864],
      [1_000_000, 7],
    ] as const) {
      const strips = splitColumns(rows * columns, columns);
      let next = 0;
      for (const { first, width, columns: all } of strips) {
        assert.deepEqual([first, all], [next, columns]);
        assert.ok(
          width <= 32_768 && (width > 1_000 || strips.length === 1),
          `${rows} x ${columns}: ${width}`,
        );
        next += width;
      }
      assert.equal(next, columns);
    }
  });
});
