import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { METHODS } from "../../src/methods/index.ts";
import type { AnyMethod } from "../../src/methods/define.ts";
import { makeCheckpoints } from "../bench/checkpoints.ts";
import { methodRecipe } from "../fixtures/method-recipes.ts";
import { makeNormal } from "../fixtures/random.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import type { RunOptions } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureDtype, FixtureTensors } from "../fixtures/write-safetensors.ts";
import { variantsOf } from "./variants.ts";

/** Bytes of a segment of F32 values; other dtypes get other numbers of segments from the same tile. */
const SEGMENT_BYTES = 4096 * 4;
const TILES = [1, 3, 17].map((segments) => segments * SEGMENT_BYTES);
const MODELS = 3;

/** Tensors of some twenty segments, in one stretch and in rows shorter and longer than a tile. */
const SHAPES: readonly (readonly [name: string, shape: readonly number[], dtype: FixtureDtype])[] = [
  ["layers.0.flat", [81_925], "F32"],
  ["layers.0.half", [81_925], "BF16"],
  ["layers.1.short_rows", [200, 301], "F16"],
  ["layers.1.long_rows", [2, 81_925], "F32"],
  ["layers.1.wide", [20_001], "F64"],
];

/** The later a model, the further it is from the base: means of different kinds are then different. */
function makeModel(model: number): FixtureTensors {
  return Object.fromEntries(
    SHAPES.map(([name, shape, dtype], place) => {
      const [base, own] = [makeNormal(place), makeNormal(100 * model + place)];
      const length = shape.reduce((product, size) => product * size, 1);
      const values = Float64Array.from({ length }, () => base() + 0.1 * model * own());
      return [name, { dtype, shape, values }];
    }),
  );
}

const titled = (method: AnyMethod) => [{ title: "as it is", recipe: {} }, ...variantsOf(method)];

describe("tiles and workers", function () {
  this.timeout(60_000);
  const inFolder = useTemporaryFolder();
  let outputs = 0;

  async function hashOf(recipe: object, options: RunOptions): Promise<string> {
    const out = inFolder(`out-${outputs++}`);
    await writeFile(inFolder("recipe.yml"), JSON.stringify(recipe));
    await runMerge(inFolder("recipe.yml"), out, options);
    return createHash("sha256")
      .update(readFileSync(`${out}/model.safetensors`))
      .digest("hex");
  }

  /** The one hash of all runs. */
  async function assertSameBytes(recipe: object, runs: readonly RunOptions[]): Promise<string> {
    let first: string | undefined;
    for (const run of runs) {
      const hash = await hashOf(recipe, run);
      first ??= hash;
      assert.equal(hash, first, `other bytes with ${JSON.stringify(run)}`);
    }
    return first ?? "";
  }

  before(async () => {
    for (let i = 0; i <= MODELS; i++) await writeWeights(inFolder("medium", `m${i}`), makeModel(i));
    // Tensors above the four million elements from which one is split between workers.
    const size = { vocabulary: 66_000, hidden: 64, intermediate: 64, layers: 1, keyValue: 16 };
    await mkdir(inFolder("large"));
    makeCheckpoints(inFolder("large"), "striped", size, 1);
  });

  for (const method of METHODS) {
    const recipeOf = (size: string, names: readonly string[], options: object) => {
      const [base = "", ...models] = names.map((name) => inFolder(size, name));
      return methodRecipe(method, { ...options, base, models });
    };

    it(`write the same bytes with ${method.name}, whatever their size and number`, async () => {
      const runs = TILES.flatMap((tileBytes) => [1, 2, 3, 4].map((workers) => ({ tileBytes, workers })));
      let usual = "";
      for (const { title, recipe } of titled(method)) {
        // All combinations once; the options change little of how the work is cut.
        const some = title === "as it is" ? runs : [runs[0] ?? {}, runs.at(-1) ?? {}];
        const hash = await assertSameBytes(recipeOf("medium", ["m0", "m1", "m2", "m3"], recipe), some);
        if (title === "as it is") usual = hash;
        else assert.notEqual(hash, usual, `${title} changes nothing`);
      }
    });

    it(`write the same bytes with ${method.name} when a tensor is split between workers`, async () => {
      const runs = [
        { tileBytes: SEGMENT_BYTES * 17, workers: 1 },
        { tileBytes: SEGMENT_BYTES * 64, workers: 3 },
      ];
      for (const { title, recipe } of titled(method)) {
        if (!/as it is|granularity|density/.test(title)) continue;
        await assertSameBytes(recipeOf("large", ["base", "ft1", "ft2"], recipe), runs);
      }
    });
  }
});
