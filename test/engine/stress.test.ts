import assert from "node:assert/strict";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { makeCheckpoints } from "../bench/checkpoints.ts";
import { measureNode } from "../fixtures/measure.ts";
import { makeNormal } from "../fixtures/random.ts";
import { PROGRAM } from "../fixtures/program.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { roundToSmallFloat } from "../fixtures/small-floats.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeHeader, encodeValues, writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";

describe("the engine at its limits", () => {
  const inFolder = useTemporaryFolder();

  it("merges a tensor of more than 4 GiB, right up to its last element", async function () {
    this.timeout(120_000);
    const count = 2 ** 29 + 5; // F64: 40 bytes more than 32-bit offsets reach
    const { bavail, bsize } = statfsSync(inFolder());
    if (bavail * bsize < 4 * count) this.skip(); // less room than the BF16 output and the sparse input may take
    // Positions around the start, the 4 GiB border and the end; everything else is a hole that reads as zeros.
    const spots = [0, 1, 4095, 4096, 2 ** 28, 2 ** 29 - 1, 2 ** 29, 2 ** 29 + 4];
    mkdirSync(inFolder("sparse"));
    const header = encodeHeader({ big: { dtype: "F64", shape: [count], data_offsets: [0, 8 * count] } });
    const input = openSync(inFolder("sparse", "model.safetensors"), "w");
    writeSync(input, header);
    ftruncateSync(input, header.length + 8 * count);
    for (const spot of spots)
      writeSync(input, encodeValues([spot + 1], "F64"), 0, 8, header.length + 8 * spot);
    closeSync(input);
    const models = [{ model: inFolder("sparse"), parameters: { weight: 1 } }];
    const recipe = { merge_method: "linear", models, out_dtype: "bfloat16" };
    writeFileSync(inFolder("sparse.yml"), JSON.stringify(recipe));
    await runMerge(inFolder("sparse.yml"), inFolder("sparse-out"));

    const path = inFolder("sparse-out", "model.safetensors");
    const output = openSync(path, "r");
    const start = statSync(path).size - 2 * count;
    const around = Buffer.alloc(2 * 17);
    for (const spot of spots) {
      const from = Math.min(Math.max(0, spot - 8), count - 17);
      readSync(output, around, 0, around.length, start + 2 * from);
      const expected = Array.from({ length: 17 }, (_, i) => {
        return spots.includes(from + i) ? roundToSmallFloat(from + i + 1, "BF16") : 0;
      });
      assert.deepEqual(around, Buffer.from(encodeValues(expected, "BF16")), `around element ${spot}`);
    }
    closeSync(output);
  });

  it("merges ten thousand tiny tensors", async function () {
    this.timeout(60_000);
    const makeModel = (seed: number): FixtureTensors => {
      const normal = makeNormal(seed);
      return Object.fromEntries(
        Array.from({ length: 10_000 }, (_, i) => {
          const values = Array.from({ length: 1 + (i % 7) }, () => roundToSmallFloat(normal(), "F32"));
          return [`layers.${i % 50}.tensor_${i}`, { dtype: "F32", shape: [values.length], values }];
        }),
      );
    };
    const models = [1, 2].map(makeModel);
    for (const [i, tensors] of models.entries()) await writeWeights(inFolder(`tiny${i}`), tensors, 1 + i);
    const recipe = {
      merge_method: "linear",
      models: [0, 1].map((i) => ({ model: inFolder(`tiny${i}`), parameters: { weight: 0.25 + 0.5 * i } })),
    };
    writeFileSync(inFolder("tiny.yml"), JSON.stringify(recipe));
    const started = performance.now();
    await runMerge(inFolder("tiny.yml"), inFolder("tiny-out"));
    const seconds = (performance.now() - started) / 1000;
    assert.ok(
      seconds < 20,
      `${seconds} s are not the work of ten thousand tensors but of something that is quadratic`,
    );
    const merged = readWeights(inFolder("tiny-out"));
    assert.equal(merged.size, 10_000);
    for (const [name, { values }] of merged) {
      const [a, b] = models.map((tensors) => tensors[name]?.values ?? []);
      values.forEach((value, i) => {
        const expected = 0.25 * (a?.[i] ?? NaN) + 0.75 * (b?.[i] ?? NaN);
        assert.ok(Math.abs(value - expected) <= 2 ** -22 * Math.max(1, Math.abs(expected)), name);
      });
    }
  });

  it("needs no more memory for a model four times as large", function () {
    this.timeout(120_000);
    const shape = { vocabulary: 8_000, hidden: 512, intermediate: 1408, layers: 8, keyValue: 64 };
    const double = { ...shape, vocabulary: 16_000, hidden: 1024, intermediate: 2816, keyValue: 128 };
    const peaks = [shape, double].map((size, k) => {
      const root = inFolder(`memory${k}`);
      mkdirSync(root);
      const [base, ...models] = makeCheckpoints(root, `memory${k}`, size, 1);
      assert.ok(base !== undefined);
      const recipe = { base_model: base.folder, models: models.map(({ folder }) => ({ model: folder })) };
      writeFileSync(join(root, "recipe.yml"), JSON.stringify(recipe));
      const args = [
        "merge",
        join(root, "recipe.yml"),
        join(root, "out"),
        "--workers",
        "2",
        "--quiet",
        "--force",
      ];
      const runs = [1, 2, 3].map(() => measureNode([PROGRAM, ...args]).usage.peakBytes ?? Infinity);
      return { bytes: base.byteLength, peak: Math.min(...runs) };
    });
    const [small, large] = peaks;
    assert.ok(small !== undefined && large !== undefined);
    assert.ok(large.bytes > 3.9 * small.bytes);
    const figures = peaks.map(({ peak }) => `${(peak / 2 ** 20).toFixed(0)} MiB`).join(" and ");
    assert.ok(large.peak < 1.1 * small.peak, figures);
    assert.ok(large.peak < 200 * 2 ** 20, figures);
  });
});
