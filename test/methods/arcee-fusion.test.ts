import assert from "node:assert/strict";
import { arceeFusion } from "../../src/methods/arcee-fusion.ts";
import { decodeHalfBits, encodeHalfBits } from "../../src/tensor/half.ts";
import { mergeByMethod } from "../conformance/merge-by-method.ts";
import { makeNormal } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import type { FixtureTensor } from "../fixtures/write-safetensors.ts";
import { arceeFusion as reference, arceeImportance } from "../reference/pairs.ts";

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

interface Pair {
  readonly base: FixtureTensor;
  readonly model: FixtureTensor;
}

/** A base of the given spread, and a model whose rows moved by different amounts. */
function pair(
  shape: readonly number[],
  spread: number,
  change: number,
  dtype: "F32" | "BF16" | "F64" = "F32",
): Pair {
  const [b, d] = [makeNormal(1), makeNormal(2)];
  const round = {
    F32: Math.fround,
    BF16: (value: number) => decodeHalfBits("BF16", encodeHalfBits("BF16", value)),
    F64: (value: number) => value,
  }[dtype];
  const row = shape.at(-1) ?? 1;
  const base = Float64Array.from({ length: sizeOf(shape) }, () => round(spread * b()));
  const values = base.map((value, i) => round(value + change * (1 + (Math.floor(i / row) % 5)) * d()));
  return { base: { dtype, shape, values: base }, model: { dtype, shape, values } };
}

const CASES: Readonly<Record<string, Pair>> = {
  "short rows": pair([400, 3], 1, 0.01),
  "more rows than are remembered": pair([270_000, 2], 1, 0.01),
  rows: pair([60, 301], 0.1, 0.002),
  "a row longer than a segment": pair([3, 9001], 0.1, 0.002),
  "a vector": pair([20_001], 1, 0.02),
  "large changes": pair([50, 64], 1, 2),
  "a base of large numbers": pair([40, 100], 60, 5),
  "large changes in a long row": pair([2, 5000], 1, 2),
  "so many rows that windows are guessed": pair([1100, 960], 0.1, 0.002),
  "rows of which many entries have not moved": pair([1100, 960], 1, 0.001, "BF16"),
  "wide numbers": pair([30, 70], 1, 1e-5, "F64"),
};

describe("Arcee Fusion", () => {
  const inFolder = useTemporaryFolder();

  for (const [title, { base, model }] of Object.entries(CASES)) {
    it(`takes the entries that its formula takes: ${title}`, async () => {
      const inputs = { base: { w: base }, models: [{ w: model }], run: { tileBytes: 1 } };
      const merged = (await mergeByMethod(inFolder(title), arceeFusion, inputs)).get("w")?.values;
      const [b, x] = [Float64Array.from(base.values), Float64Array.from(model.values)];
      const expected = reference({ base: b, models: [x], shape: base.shape });
      const importance = arceeImportance({ base: b, models: [x], shape: base.shape });
      const least = importance
        .filter((_, i) => expected[i] !== b[i])
        .reduce((a, c) => Math.min(a, c), Infinity);
      const taken = [...expected].filter((value, i) => value !== b[i]).length;
      assert.ok(taken > b.length / 50 && taken < b.length / 3, `${taken} of ${b.length}`);
      expected.forEach((value, i) => {
        // Where the importance is the threshold but for rounding, either is right.
        const near = Math.abs((importance[i] ?? NaN) / least - 1) < 1e-6;
        const allowed = near ? [b[i], x[i]] : [value];
        assert.ok(allowed.includes(merged?.[i]), `entry ${i}`);
      });
    });
  }

  it("takes the model where all importances are equal", async () => {
    const tensor = (values: readonly number[], shape = [values.length]): FixtureTensor => ({
      dtype: "F32",
      shape,
      values,
    });
    const column = { base: tensor([1, 2, 3], [3, 1]), model: tensor([4, 2, 9], [3, 1]) };
    const single = { base: tensor([1]), model: tensor([5]) };
    const shifted = { base: tensor([1, 2, 4]), model: tensor([1.5, 2.5, 4.5]) };
    for (const [title, { base, model }] of Object.entries({ column, single, shifted })) {
      const inputs = { base: { w: base }, models: [{ w: model }] };
      const merged = await mergeByMethod(inFolder(title), arceeFusion, inputs);
      assert.deepEqual([...(merged.get("w")?.values ?? [])], model.values, title);
    }
  });
});
