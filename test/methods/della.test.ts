import assert from "node:assert/strict";
import { isMergeError } from "../../src/index.ts";
import { BitRooms, KeptBits } from "../../src/engine/kept-bits.ts";
import { bitsOfRange, RankMasking } from "../../src/engine/passes/ranked.ts";
import type { Workbench } from "../../src/engine/workbench.ts";
import { dareLinear } from "../../src/methods/dare-linear.ts";
import type { AnyMethod } from "../../src/methods/define.ts";
import type { Mask } from "../../src/methods/mask.ts";
import { dellaLinear } from "../../src/methods/della-linear.ts";
import { mergeByMethod } from "../conformance/merge-by-method.ts";
import { makeNormal } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";
import { dellaProbabilities } from "../reference/sparsify.ts";

const PLAIN = { weight: 1, rescale: false };
/** Statistics of this many standard errors happen once in two million times. */
const STANDARD_ERRORS = 5;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function normal(shape: readonly number[], seed: number): FixtureTensor {
  const next = makeNormal(seed);
  // No zeros: a dropped entry is then told by its value.
  const values = Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(next()) || 1);
  return { dtype: "F32", shape, values };
}

const zeros = (tensors: FixtureTensors): FixtureTensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { ...tensor, values: new Float64Array(tensor.values.length) },
    ]),
  );

/** Sum of what was kept less what was expected, in standard errors. */
function deviation(kept: readonly boolean[], probabilities: readonly number[]): number {
  const expected = probabilities.reduce((sum, p) => sum + p, 0);
  const variance = probabilities.reduce((sum, p) => sum + p * (1 - p), 0);
  return (kept.filter(Boolean).length - expected) / Math.sqrt(variance);
}

describe("DELLA", () => {
  const inFolder = useTemporaryFolder();
  let runs = 0;
  /** With a base of zeros, weight 1 and no rescaling the result is what was kept of the only model. */
  const keptOf = (model: FixtureTensors, parameters: object, method: AnyMethod = dellaLinear, run = {}) =>
    mergeByMethod(inFolder(String(runs++)), method, {
      base: zeros(model),
      models: [model],
      recipe: { parameters: { ...PLAIN, ...parameters } },
      run,
    });

  const shapes = {
    short: [20_000, 3],
    rows: [1000, 64],
    wide: [40, 2049],
    long: [3, 30_001],
    flat: [90_001],
  };
  for (const [title, shape] of Object.entries(shapes)) {
    it(`keeps entries as often as their rank says in a tensor of ${shape.join(" x ")}`, async () => {
      const tensor = normal(shape, 1);
      const [density, epsilon] = [0.4, 0.3];
      // Tiles of one segment: the longer rows do not fit.
      const merged = await keptOf({ [title]: tensor }, { density, epsilon }, dellaLinear, { tileBytes: 1 });
      const values = merged.get(title)?.values ?? new Float64Array();
      const probabilities = dellaProbabilities(Float64Array.from(tensor.values), shape, density, epsilon);
      // Tenths of the entries, by their probability.
      for (let tenth = 0; tenth < 10; tenth++) {
        const least = density - epsilon + (tenth / 10) * 2 * epsilon;
        const group = [...probabilities.keys()].filter((i) => {
          const p = probabilities[i] ?? NaN;
          return p >= least && (p < least + (2 * epsilon) / 10 || tenth === 9);
        });
        if (group.length === 0) continue;
        const kept = group.map((i) => values[i] !== 0);
        const expected = group.map((i) => Math.min(1, probabilities[i] ?? NaN));
        assert.ok(Math.abs(deviation(kept, expected)) < STANDARD_ERRORS, `tenth ${tenth}`);
      }
    });
  }

  it("keeps each entry with its own probability over many draws, and by itself", async () => {
    const row = normal([37], 2);
    const draws = 2000;
    const model = Object.fromEntries(Array.from({ length: draws }, (_, i) => [`t${i}`, row]));
    const [density, epsilon] = [0.5, 0.4];
    const merged = [...(await keptOf(model, { density, epsilon })).values()].map(({ values }) => values);
    const probabilities = dellaProbabilities(Float64Array.from(row.values), row.shape, density, epsilon);
    probabilities.forEach((p, i) => {
      const kept = merged.map((values) => values[i] !== 0);
      assert.ok(Math.abs(deviation(kept, new Array<number>(draws).fill(p))) < STANDARD_ERRORS, `entry ${i}`);
      const next = (i + 1) % probabilities.length;
      const both = merged.map((values, k) => kept[k] === true && values[next] !== 0);
      const product = new Array<number>(draws).fill(p * (probabilities[next] ?? NaN));
      assert.ok(Math.abs(deviation(both, product)) < STANDARD_ERRORS, `entries ${i} and ${next}`);
    });
  });

  it("expects of every entry the task vector's share, and with rescaling its sum of magnitudes", async () => {
    const tensor = normal([50, 200], 3);
    const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + Math.abs(v), 0);
    const model = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}`, tensor]));
    const [density, epsilon] = [0.5, 0.3];
    const p = dellaProbabilities(Float64Array.from(tensor.values), tensor.shape, density, epsilon);
    const plain = [...(await keptOf(model, { density, epsilon })).values()];
    // Sum over all tensors of what is kept: expectation sum p |d|, variance sum p (1 - p) d^2.
    const sum = plain.reduce((all, { values }) => all + total(values), 0);
    const entries = Array.from(tensor.values, (d, i) => [Math.abs(d), p[i] ?? NaN] as const);
    const expected = 20 * entries.reduce((all, [d, share]) => all + share * d, 0);
    const variance = 20 * entries.reduce((all, [d, share]) => all + share * (1 - share) * d * d, 0);
    assert.ok(Math.abs(sum - expected) < STANDARD_ERRORS * Math.sqrt(variance));
    const rescaled = await keptOf(model, { density, epsilon, rescale: true });
    for (const { values } of rescaled.values())
      assert.ok(Math.abs(total(values) / total(tensor.values) - 1) < 1e-6);
  });

  it("drops what DARE drops where epsilon is 0", async () => {
    const model = { short: normal([500, 3], 4), rows: normal([50, 64], 5), long: normal([2, 9001], 6) };
    const della = await keptOf(model, { density: 0.3, epsilon: 0 });
    const dare = await keptOf(model, { density: 0.3 }, dareLinear);
    for (const [name, { bytes }] of della) assert.deepEqual(bytes, dare.get(name)?.bytes);
  });

  it("draws for each model and tensor anew", async () => {
    const tensor = normal([100, 100], 7);
    const model = { a: tensor, b: tensor };
    const parameters = { ...PLAIN, density: 0.5, epsilon: 0 };
    const inputs = { base: zeros(model), models: [model, model], recipe: { parameters } };
    const merged = await mergeByMethod(inFolder("both"), dellaLinear, inputs);
    // Kept of both models: twice the value; independent draws agree in a quarter of the entries.
    for (const { values } of merged.values()) {
      const both = [...values].map((value, i) => value === 2 * (tensor.values[i] ?? NaN));
      assert.ok(Math.abs(deviation(both, new Array<number>(values.length).fill(0.25))) < STANDARD_ERRORS);
    }
    const [a, b] = [merged.get("a"), merged.get("b")];
    const same = [...(a?.values ?? [])].map((value, i) => value === b?.values[i]);
    // Of 0, 1 or 2 models: 1/16 + 1/4 + 1/16.
    assert.ok(Math.abs(deviation(same, new Array<number>(same.length).fill(3 / 8))) < STANDARD_ERRORS);
  });

  it("refuses a density from which epsilon leaves 0 to 1, before a weight is read", async () => {
    const model = { w: normal([4, 4], 8) };
    for (const [density, epsilon] of [
      [0.9, 0.15],
      [0.1, 0.15],
    ])
      await assert.rejects(keptOf(model, { density, epsilon }), (error: unknown) => {
        assert.ok(isMergeError(error));
        assert.match(error.message, /epsilon can be 0\.1 at most/);
        return true;
      });
    for (const density of [0, 0.85, 1]) await keptOf(model, { density, epsilon: 0.15 });
  });

  for (const [title, shape] of Object.entries({ ...shapes, pieces: [9, 5001] }))
    it(`keeps the same entries of a tensor of ${title} rows whether it measures their sums before or not`, async () => {
      const tensor = normal(shape, 4);
      const parameters = { density: 0.5, epsilon: 0.3 };
      for (const run of [{ tileBytes: 1 }, { workers: 2 }]) {
        const [plain, rescaled] = await Promise.all(
          [false, true].map((rescale) =>
            keptOf({ [title]: tensor }, { ...parameters, rescale }, dellaLinear, run),
          ),
        );
        const [kept, again] = [plain, rescaled].map((merged) => [...(merged?.get(title)?.values ?? [])]);
        const sum = (values: readonly number[] = []) => values.reduce((s, value) => s + Math.abs(value), 0);
        const factor = sum(Array.from(tensor.values)) / sum(kept);
        assert.ok(factor > 1.2);
        kept?.forEach((value, i) => {
          assert.ok(Math.abs((again?.[i] ?? NaN) - value * factor) <= 1e-6 * Math.abs(value * factor));
        });
      }
    });

  it("remembers what is kept of whole tensors alone, as far as there is room", () => {
    const mask = { kind: "ranked", density: 0.5, epsilon: 0.1, keys: [1, 2] } as const;
    const bits = (shape: readonly number[], count: number, masks: readonly Mask[]) =>
      new KeptBits(shape, count, new BitRooms()).roomFor(masks);
    const [first, second, ...others] = bits([2 ** 14, 2 ** 13], 2 ** 27, [mask, mask]) ?? [];
    assert.equal(others.length, 0);
    assert.ok(first !== undefined && first.buffer === second?.buffer);
    assert.equal(first.byteOffset + first.length, second.byteOffset);
    assert.equal(bits([2 ** 13, 2 ** 13], 2 ** 13, [mask]), undefined);
    assert.equal(bits([2 ** 13], 2 ** 13, [{ kind: "all" }]), undefined);
    // A byte for eight entries and one more for each segment, until the room is used up.
    assert.equal(bitsOfRange(first, { begin: 0, end: 2 ** 23 }, 2 ** 13)?.length, 2 ** 20 + 2 ** 11);
    assert.equal(bitsOfRange(first, { begin: 2 ** 24, end: 2 ** 25 }, 2 ** 13), undefined);
  });

  it("refuses a row of more elements than can be counted", () => {
    const mask = { kind: "ranked", density: 0.5, epsilon: 0.1, keys: [1, 2] } as const;
    const bench = { tensor: { shape: [2, 2 ** 31] } } as unknown as Workbench;
    assert.throws(
      () => new RankMasking(mask, bench, { begin: 0, end: 1 }, 0),
      (error) => isMergeError(error, "ENGINE_ROW"),
    );
  });
});
