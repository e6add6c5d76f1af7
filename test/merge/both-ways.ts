import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { merge } from "../../src/index.ts";
import type { MergeOptions, MergeReport } from "../../src/index.ts";
import { fixtureTensor } from "../fixtures/adapters.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";

/** Some tensors are longer than the smallest tile; others cannot be computed with, or are empty. */
export function tensorsOf(seed: string, dtype: "BF16" | "F32", layers = 2): FixtureTensors {
  const random = (name: string, shape: readonly number[], of = dtype) =>
    fixtureTensor(`${seed} ${name}`, shape, of);
  const stack = Array.from({ length: layers }, (_, layer): [string, FixtureTensor][] => [
    [`model.layers.${layer}.q_proj.weight`, random(`q${layer}`, [64, 150])],
    [`model.layers.${layer}.q_proj.bias`, random(`bias${layer}`, [64], "F32")],
  ]);
  return {
    "model.embed_tokens.weight": random("embed", [90, 150]),
    ...Object.fromEntries(stack.flat()),
    "model.norm.weight": random("norm", [150]),
    "model.position_ids": { dtype: "I64", shape: [9], values: Array.from({ length: 9 }, (_, i) => i) },
    "model.empty.weight": { dtype, shape: [0, 4], values: [] },
  };
}

type Documents = readonly Record<string, unknown>[];
export const list = (...models: string[]) => models.map((model) => ({ model }));
export const linear = (...models: string[]) => ({
  merge_method: "linear",
  models: models.map((model, i) => ({ model, parameters: { weight: 1 + i } })),
});
export const MIX = { name: "mix", ...linear("ft1", "ft2") };

function filesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder).sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "base64")]));
}

export const text = (documents: Documents) => documents.map((each) => JSON.stringify(each)).join("\n---\n");

/** Merges with results inside and again with all of them kept; every file of the two outputs must be the same. */
export async function bothWays(
  documents: Documents,
  { cwd, ...options }: Partial<MergeOptions> & { readonly cwd: string },
): Promise<MergeReport> {
  const run = mkdtempSync(join(tmpdir(), "stockpot-test-"));
  const given = { recipe: { text: text(documents) }, cwd, ...options };
  const inside = await merge({ ...given, out: join(run, "inside", "out") });
  const kept = await merge({ ...given, out: join(run, "kept", "out"), keepIntermediate: join(run, "parts") });
  assert.deepEqual([...new Set(kept.intermediates?.map(({ computed }) => computed))], ["folder"]);
  const [mine, theirs] = [inside.out, kept.out].map(filesIn);
  assert.ok(mine !== undefined && theirs !== undefined && mine.size > 3);
  assert.deepEqual([...mine.keys()], [...theirs.keys()]);
  for (const [name, bytes] of mine) assert.ok(bytes === theirs.get(name), `${name} differs`);
  assert.deepEqual(readdirSync(join(run, "inside")), ["out"]);
  rmSync(run, { recursive: true });
  return inside;
}

export const placesIn = ({ intermediates = [] }: MergeReport) =>
  Object.fromEntries(intermediates.map(({ name, computed }) => [name, computed]));
