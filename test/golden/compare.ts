import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, readWeights } from "../fixtures/read-safetensors.ts";
import type { ReadTensor } from "../fixtures/read-safetensors.ts";
import type { Expectation, GoldenCase } from "./cases.ts";

/** The worst element of a case. */
export interface LargestError {
  readonly absolute: number;
  /** Share of the tolerance that the worst element uses up: above 1 it fails. */
  readonly ofTolerance: number;
  readonly where: string;
}

const NO_ERROR: LargestError = { absolute: 0, ofTolerance: 0, where: "" };

function compareTensor(
  name: string,
  got: ReadTensor,
  expected: ReadTensor,
  stated: Expectation,
): LargestError {
  const { atol, rtol } = stated.tolerance;
  const undecided = new Set(stated.undecided?.[name]);
  let worst = NO_ERROR;
  expected.values.forEach((want, i) => {
    if (undecided.has(i)) return;
    const absolute = Math.abs((got.values[i] ?? NaN) - want);
    const allowed = atol + rtol * Math.abs(want);
    // An exact case has a tolerance of zero; NaN must count as a failure.
    const ofTolerance = absolute === 0 ? 0 : absolute <= allowed ? absolute / allowed : Infinity;
    const found = { absolute, ofTolerance, where: `${name}[${String(i)}]` };
    if (ofTolerance > worst.ofTolerance) worst = found;
  });
  return worst;
}

/** Compares all tensors; returns the worst error among those that must agree. */
export function compareTensors(out: string, { folder, expectation }: GoldenCase): LargestError {
  const got = readWeights(out);
  const expected = readSafetensors(join(folder, "expected.safetensors")).tensors;
  assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort(), "names of the tensors");
  let largest = NO_ERROR;
  for (const [name, want] of expected) {
    const tensor = got.get(name);
    assert.ok(tensor !== undefined);
    assert.deepEqual([name, tensor.dtype, tensor.shape], [name, want.dtype, want.shape]);
    if (expectation.differs_on_purpose.includes(name)) continue;
    const error = compareTensor(name, tensor, want, expectation);
    if (error.ofTolerance > largest.ofTolerance) largest = error;
  }
  return largest;
}

interface WrittenIndex {
  readonly metadata: { readonly total_size: number };
  readonly weight_map: Readonly<Record<string, string>>;
}

/** The files mergekit wrote are there, under the same names, with the same config keys and shards. */
export function compareFiles(out: string, { expectation }: GoldenCase): void {
  const written = readdirSync(out);
  const weightsOf = (names: readonly string[]) => names.filter((name) => name.includes("safetensors")).sort();
  assert.deepEqual(weightsOf(written), weightsOf(expectation.files), "weight files");
  for (const name of expectation.files) assert.ok(written.includes(name), `${name} is missing`);
  const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as Record<string, unknown>;
  for (const [key, value] of Object.entries(expectation.config)) {
    const got = key === "dtype" ? (config.dtype ?? config.torch_dtype) : config[key];
    assert.deepEqual([key, got], [key, value]);
  }
  if (expectation.index === undefined) return;
  const index = JSON.parse(readFileSync(join(out, "model.safetensors.index.json"), "utf8")) as WrittenIndex;
  assert.equal(index.metadata.total_size, expectation.index.total_size);
  // mergekit stores tensors by name, we as the base had them: which shard one falls into is not compared.
  const [got, want] = [index.weight_map, expectation.index.weight_map];
  assert.deepEqual(Object.keys(got).sort(), Object.keys(want).sort());
  assert.deepEqual(new Set(Object.values(got)), new Set(Object.values(want)));
}
