import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, readWeights } from "../fixtures/read-safetensors.ts";
import type { ReadTensor } from "../fixtures/read-safetensors.ts";
import { referenceMerge } from "./merge.ts";
import type { Tensor } from "./merge.ts";
import { at } from "./vectors.ts";

const GOLDEN = "test/golden";

interface Expectation {
  readonly tolerance: { readonly atol: number; readonly rtol: number };
  readonly differs_on_purpose: readonly string[];
  readonly undecided?: Readonly<Record<string, readonly number[]>>;
  /** Present if the recipe builds a vocabulary, which the reference does not. */
  readonly vocab?: unknown;
}

interface GoldenCase {
  readonly name: string;
  readonly expectation: Expectation;
  readonly expected: ReadonlyMap<string, ReadTensor>;
  readonly got: ReadonlyMap<string, Tensor>;
}

const models = new Map<string, ReadonlyMap<string, Tensor>>();

function readModel(model: string): ReadonlyMap<string, Tensor> {
  const tensors = models.get(model) ?? readWeights(join(GOLDEN, model));
  models.set(model, tensors);
  return tensors;
}

function readExpectation(name: string): Expectation {
  return JSON.parse(readFileSync(join(GOLDEN, "cases", name, "expected.json"), "utf8")) as Expectation;
}

function runCase(name: string): GoldenCase {
  const folder = join(GOLDEN, "cases", name);
  const masksPath = join(folder, "masks.safetensors");
  const masks = existsSync(masksPath) ? readSafetensors(masksPath).tensors : undefined;
  const got = referenceMerge(readFileSync(join(folder, "recipe.yml"), "utf8"), {
    read: readModel,
    mask: (n, tensor) => masks?.get(`${n}:${tensor}`)?.values,
  });
  const expected = readSafetensors(join(folder, "expected.safetensors")).tensors;
  return { name, expectation: readExpectation(name), expected, got };
}

/** The largest error in units of what the tolerance allows, over all elements that count. */
function largestError({ expectation, expected, got }: GoldenCase): number {
  const { atol, rtol } = expectation.tolerance;
  let largest = 0;
  for (const [name, { values }] of expected) {
    if (expectation.differs_on_purpose.includes(name)) continue;
    const undecided = new Set(expectation.undecided?.[name]);
    const tensor = got.get(name);
    values.forEach((value, i) => {
      const error = Math.abs(at(tensor?.values ?? [], i) - value);
      if (undecided.has(i) || error === 0) return;
      const relative = error / (atol + rtol * Math.abs(value));
      if (!(relative <= largest)) largest = relative;
    });
  }
  return largest;
}

describe("reference implementations", () => {
  for (const name of readdirSync(join(GOLDEN, "cases"))) {
    if (readExpectation(name).vocab !== undefined) continue;
    it(`reproduce mergekit's tensors of ${name} within the stated tolerance`, () => {
      const golden = runCase(name);
      assert.deepEqual([...golden.got.keys()].sort(), [...golden.expected.keys()].sort());
      for (const [tensor, { shape }] of golden.expected) {
        assert.deepEqual(golden.got.get(tensor)?.shape, shape, tensor);
      }
      const error = largestError(golden);
      assert.ok(error <= 1, `largest error is ${error} times the tolerance`);
    });
  }
});
