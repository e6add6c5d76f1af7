import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { METHODS } from "../../src/methods/index.ts";
import { makeNormal } from "../fixtures/random.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import type { RunOptions } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeHeader, encodeValues } from "../fixtures/write-safetensors.ts";
import type { FixtureDtype } from "../fixtures/write-safetensors.ts";
import { recipeOfVariants, variantsOf } from "./variants.ts";

/** Bytes of a segment of F32 values; other dtypes get other numbers of segments from the same tile. */
const SEGMENT_BYTES = 4096 * 4;
const TILES = [1, 3, 17].map((segments) => segments * SEGMENT_BYTES);
const WORKERS = [1, 2, 3, 4];
const MODELS = ["m1", "m2", "m3"];
const MOST_VARIANTS = Math.max(...METHODS.map((method) => variantsOf(method).length)) + 1;

/** Tensors of some twenty segments, in one stretch and in rows shorter and longer than a tile. */
const SHAPES: readonly (readonly [name: string, shape: readonly number[], dtype: FixtureDtype])[] = [
  ["layers.0.flat", [73_733], "F32"],
  ["layers.0.half", [40_005], "BF16"],
  ["layers.1.short_rows", [40, 301], "F16"],
  ["layers.1.long_rows", [2, 20_485], "F32"],
  ["layers.1.wide", [20_001], "F64"],
];
/** Above the four million elements from which a tensor is split between workers: some rows, again and again. */
const STRIPED_SHAPE = [1_000, 4_300];
const STRIPED_BLOCK = [20, 4_300];

/** The later a model, the further it is from the base: means of different kinds are then different. */
function makeTensor(model: number, place: number, shape: readonly number[]): Float64Array {
  const [base, own] = [makeNormal(place), makeNormal(100 * model + place)];
  const length = shape.reduce((product, size) => product * size, 1);
  return Float64Array.from({ length }, () => base() + 0.1 * model * own());
}

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: FixtureDtype;
  /** Written `times` times, one after the other: encoding millions of values takes seconds. */
  readonly bytes: Uint8Array;
  readonly times: number;
}

async function writeModel(folder: string, tensors: readonly Stored[]): Promise<void> {
  let end = 0;
  const header = tensors.map(({ name, shape, dtype, bytes, times }) => {
    const begin = end;
    end += bytes.length * times;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const parts = tensors.flatMap(({ bytes, times }) => Array<Uint8Array>(times).fill(bytes));
  await mkdir(folder, { recursive: true });
  const whole = Buffer.concat([encodeHeader(Object.fromEntries(header)), ...parts]);
  await writeFile(join(folder, "model.safetensors"), whole);
}

/** The same tensors once for each variant of a method. */
function mediumTensors(model: number): Stored[] {
  const tensors = SHAPES.map(([name, shape, dtype], place) => {
    return { name, shape, dtype, bytes: encodeValues(makeTensor(model, place, shape), dtype), times: 1 };
  });
  return Array.from({ length: MOST_VARIANTS }, (_, i) =>
    tensors.map((tensor) => ({ ...tensor, name: `variant${i}.${tensor.name}` })),
  ).flat();
}

function largeTensors(model: number): Stored[] {
  const bytes = encodeValues(makeTensor(model, 1, STRIPED_BLOCK), "BF16");
  return [{ name: "layers.0.w", shape: STRIPED_SHAPE, dtype: "BF16", bytes, times: 50 }];
}

describe("tiles and workers", function () {
  this.timeout(60_000);
  const inFolder = useTemporaryFolder();

  async function hashOf(recipe: object, options: RunOptions): Promise<string> {
    const out = inFolder("out");
    await rm(out, { recursive: true, force: true });
    await writeFile(inFolder("recipe.yml"), JSON.stringify(recipe));
    await runMerge(inFolder("recipe.yml"), out, options);
    return createHash("sha256")
      .update(readFileSync(`${out}/model.safetensors`))
      .digest("hex");
  }

  async function assertSameBytes(recipe: object, runs: readonly RunOptions[]): Promise<void> {
    let first: string | undefined;
    for (const run of runs) {
      const hash = await hashOf(recipe, run);
      first ??= hash;
      assert.equal(hash, first, `other bytes with ${JSON.stringify(run)}`);
    }
  }

  before(async () => {
    for (const [model, name] of ["m0", ...MODELS].entries()) {
      await writeModel(inFolder("medium", name), mediumTensors(model));
      await writeModel(inFolder("large", name), largeTensors(model));
    }
  });

  for (const method of METHODS) {
    const paths = (size: string) => {
      return { base: inFolder(size, "m0"), models: MODELS.map((name) => inFolder(size, name)) };
    };

    it(`write the same bytes with ${method.name} and its options, whatever their size and number`, async () => {
      const runs = WORKERS.flatMap((workers) => TILES.map((tileBytes) => ({ workers, tileBytes })));
      const variants = variantsOf(method).map(({ recipe }) => recipe);
      await assertSameBytes(recipeOfVariants(method, paths("medium"), [{}, ...variants]), runs);
    });

    it(`write the same bytes with ${method.name} when a tensor is split between workers`, async () => {
      const runs = [
        { tileBytes: SEGMENT_BYTES * 17, workers: 1 },
        { tileBytes: SEGMENT_BYTES * 64, workers: 3 },
      ];
      const variants = variantsOf(method).filter(({ title }) => /^(?:granularity|density)/.test(title));
      for (const { recipe } of [{ recipe: {} }, ...variants])
        await assertSameBytes(recipeOfVariants(method, paths("large"), [recipe]), runs);
    });
  }
});
