import assert from "node:assert/strict";
import { METHODS } from "../../src/methods/index.ts";
import { makeNormal, seedFromText } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { roundTo } from "../fixtures/tiny-models.ts";
import type { TinyDtype } from "../fixtures/tiny-models.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { mergeByMethod } from "./merge-by-method.ts";

/** What has methods measure and mask, if they have it. */
const SOME: Readonly<Record<string, number>> = { density: 0.5, select_topk: 0.5 };

/** Base and two fine-tunes of values that BF16 has. */
function models(dtype: TinyDtype): [base: FixtureTensors, ...FixtureTensors[]] {
  const tensor = (model: number, shape: readonly number[]) => {
    const [base, own] = ["base", `own ${model}`].map((part) => makeNormal(seedFromText(part))) as [
      () => number,
      () => number,
    ];
    const values = Array.from({ length: shape.reduce((a, b) => a * b) }, () =>
      roundTo(base() + 0.2 * model * own(), "BF16"),
    );
    return { dtype, shape, values };
  };
  const all = (model: number): FixtureTensors => ({
    "layers.0.w": tensor(model, [21, 67]),
    "layers.1.w": tensor(model, [4_101]),
  });
  return [all(0), all(1), all(2)];
}

describe("a merge in float64", () => {
  const inFolder = useTemporaryFolder();

  for (const method of METHODS)
    it(`gives the same by ${method.name}, whether the models are stored in BF16 or F64`, async () => {
      const parameters = Object.fromEntries(
        Object.entries(SOME).filter(([name]) => name in method.parameters),
      );
      const results = [];
      for (const dtype of ["F64", "BF16"] as const) {
        const [base, ...rest] = models(dtype);
        const inputs = { base, models: rest, recipe: { dtype: "float64", parameters } };
        const merged = await mergeByMethod(inFolder(method.name, dtype), method, inputs);
        results.push([...merged].map(([name, { values }]) => [name, [...values]] as const));
      }
      assert.deepEqual(results[1], results[0]);
    });
});
