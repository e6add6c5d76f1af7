import assert from "node:assert/strict";
import type { AnyMethod } from "../../src/methods/define.ts";
import { modelCount } from "../fixtures/method-recipes.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import type { TinyDtype } from "../fixtures/tiny-models.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import type { mergeByMethod, referenceByMethod } from "./merge-by-method.ts";

type Merged = Awaited<ReturnType<typeof mergeByMethod>>;

export const MODELS = 3;
/** Output dtypes of zoo tensors whose inputs differ in dtype. */
export const isFloat = (dtype: string): dtype is TinyDtype => ["F32", "F16", "BF16", "F64"].includes(dtype);

/** Base and models as the method takes them: no base apart where it has none. */
export function split(method: AnyMethod, zoo: readonly FixtureTensors[]) {
  const [base = {}, ...models] = zoo;
  return { base, models: models.slice(0, modelCount(method, MODELS)) };
}

/** Every tensor holds the given model's values, rounded to the output's dtype where that is narrower. */
export function assertGivesBack(merged: Merged, expected: FixtureTensors): void {
  assert.deepEqual([...merged.keys()].sort(), Object.keys(expected).sort());
  for (const [name, { shape, values }] of Object.entries(expected)) {
    const got = merged.get(name);
    assert.ok(got !== undefined && isFloat(got.dtype));
    const dtype = got.dtype;
    assert.deepEqual([name, got.shape], [name, shape]);
    const want = Array.from(values, (value) => roundTo(value, dtype));
    got.values.forEach((value, i) => {
      assert.ok(Object.is(value, want[i]), `${name}[${i}]: ${value} instead of ${String(want[i])}`);
    });
  }
}

/** Spacing of a dtype's numbers relative to their size, and what arithmetic may lose besides the last rounding. */
const PRECISION: Readonly<Record<TinyDtype, { half: number; arithmetic: number }>> = {
  BF16: { half: 2 ** -8, arithmetic: 2 ** -20 },
  F16: { half: 2 ** -11, arithmetic: 2 ** -20 },
  F32: { half: 2 ** -24, arithmetic: 2 ** -21 },
  F64: { half: 2 ** -53, arithmetic: 2 ** -46 },
};

export function assertClose(
  name: string,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  dtype: TinyDtype,
  times = 1,
): void {
  const { half, arithmetic } = PRECISION[dtype];
  for (let i = 0; i < want.length; i++) {
    const expected = want[i] ?? NaN;
    const error = Math.abs((got[i] ?? NaN) - expected);
    const size = Math.max(1, Math.abs(expected));
    const allowed = times * (half * Math.abs(expected) + arithmetic * size);
    assert.ok(
      error <= allowed,
      `${name}[${i}]: ${String(got[i])} instead of ${expected}, ${error / allowed} x`,
    );
  }
}

export function assertAgrees(merged: Merged, reference: ReturnType<typeof referenceByMethod>): void {
  assert.equal(merged.size, reference.size);
  for (const [name, { shape, values }] of reference) {
    const got = merged.get(name);
    assert.ok(got !== undefined && isFloat(got.dtype));
    assert.deepEqual([name, got.shape], [name, shape]);
    assertClose(name, got.values, values, got.dtype);
  }
}
