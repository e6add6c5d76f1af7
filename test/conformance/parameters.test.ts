import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { METHODS } from "../../src/methods/index.ts";
import { makeNormal } from "../fixtures/random.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { recipeOfVariants, variantsOf } from "./variants.ts";

const MODELS = ["m1", "m2", "m3"];
const SHAPES = { "layers.0.a": [30, 40], "layers.0.d": [7], "layers.1.b": [64], "layers.2.c": [12, 5] };
const MOST_VARIANTS = Math.max(
  ...METHODS.map((method) => 2 * (variantsOf(method).length + variantsOf(method, false).length)),
);

/** The same tensors once for each variant; the later a model, the further it is from the base. */
function makeModel(model: number): FixtureTensors {
  const copies = Array.from({ length: MOST_VARIANTS }, (_, variant) =>
    Object.entries(SHAPES).map(([name, shape], place) => {
      const [base, shared, own] = [1, 2, 3 + model].map((part) => makeNormal(100 * part + place));
      const length = shape.reduce((product, size) => product * size, 1);
      // A quarter of the entries is moved by all models, and one by each of them alone.
      const values = Float64Array.from({ length }, (_, i) => {
        const [b = 0, d = 0, o = 0] = [base?.(), shared?.(), own?.()];
        return i % 4 === 0 || i % 4 === model ? b + 0.1 * model * (d + o) : b;
      });
      return [`variant${variant}.${name}`, { dtype: "F32", shape, values }] as const;
    }),
  );
  return Object.fromEntries(copies.flat());
}

describe("parameters", () => {
  const inFolder = useTemporaryFolder();
  let runs = 0;

  before(async () => {
    for (const [model, name] of ["m0", ...MODELS].entries())
      await writeWeights(inFolder(name), makeModel(model));
  });

  /** The merged values of one copy of the tensors, as one text. */
  async function merged(recipe: object) {
    const folder = inFolder(`run-${runs++}`);
    await mkdir(folder);
    await writeFile(`${folder}/recipe.yml`, JSON.stringify(recipe));
    await runMerge(`${folder}/recipe.yml`, `${folder}/out`, { workers: 1 });
    const weights = readWeights(`${folder}/out`);
    return (variant: number) =>
      Object.keys(SHAPES)
        .map((name) => Buffer.from(weights.get(`variant${variant}.${name}`)?.bytes ?? []).toString("hex"))
        .join();
  }

  const paths = () => ({ base: inFolder("m0"), models: MODELS.map((name) => inFolder(name)) });

  for (const method of METHODS) {
    it(`of ${method.name} change the output, or say that they do not`, async () => {
      const [effective, idle] = [variantsOf(method), variantsOf(method, false)];
      const recipes = [...effective, ...idle].flatMap(({ recipe, without }) => [without, recipe]);
      const together =
        method.random === true ? undefined : await merged(recipeOfVariants(method, paths(), recipes));
      // Random masks depend on the name, so what differs in that alone cannot be compared.
      const outputOf = async (variant: number) =>
        together?.(variant) ?? (await merged(recipeOfVariants(method, paths(), [recipes[variant] ?? {}])))(0);
      for (const [i, { title }] of [...effective, ...idle].entries()) {
        const isIdle = i >= effective.length;
        const isSame = (await outputOf(2 * i)) === (await outputOf(2 * i + 1));
        assert.equal(isSame, isIdle, `${title} ${isIdle ? "changes something" : "changes nothing"}`);
      }
    });

    it(`of ${method.name} include the seed exactly if it says that it is random`, async () => {
      const parameters = "density" in method.parameters ? { density: 0.5 } : {};
      const recipe = recipeOfVariants(method, paths(), [{ parameters }]);
      const [first, second] = [await merged({ ...recipe, seed: 1 }), await merged({ ...recipe, seed: 2 })];
      assert.equal(first(0) !== second(0), method.random === true);
    });
  }
});
