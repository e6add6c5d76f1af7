import assert from "node:assert/strict";
import { METHODS } from "../../src/methods/index.ts";
import type { AnyMethod } from "../../src/methods/define.ts";
import { modelCount } from "../fixtures/method-recipes.ts";
import type { MethodRecipeOptions } from "../fixtures/method-recipes.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { assertAgrees, assertClose, assertGivesBack, isFloat, MODELS, split } from "./agreement.ts";
import { mergeByMethod, referenceByMethod } from "./merge-by-method.ts";
import { makeEqualZoo, makeFamilyZoo } from "./zoo.ts";

/** A method with an optional base is held to everything in both ways. */
const CASES = METHODS.flatMap((method) => {
  const cases = [{ method, withoutBase: false }];
  return method.base === "optional" ? [...cases, { method, withoutBase: true }] : cases;
});

for (const { method, withoutBase } of CASES) {
  describe(`merge method ${method.name}${withoutBase ? " without a base" : ""}`, () => {
    const inFolder = useTemporaryFolder();
    let runs = 0;
    const inputsOf = (zoo: readonly FixtureTensors[], recipe: Partial<MethodRecipeOptions> = {}) => {
      return { ...split(method, zoo), recipe: { ...recipe, withoutBase } };
    };
    const merge = (zoo: readonly FixtureTensors[], recipe: Partial<MethodRecipeOptions> = {}) =>
      mergeByMethod(inFolder(String(runs++)), method, inputsOf(zoo, recipe));

    it("gives equal inputs back, bit for bit, in every dtype and shape", async () => {
      const zoo = makeEqualZoo(MODELS + 1);
      assertGivesBack(await merge(zoo), zoo[0] ?? {});
    });

    it("agrees with its formula in float64, in every dtype and shape", async () => {
      const zoo = makeFamilyZoo(MODELS + 1);
      // References know one tensor at a time; larger units have a test of their own.
      const recipe = "granularity" in method.parameters ? { parameters: { granularity: "tensor" } } : {};
      const merged = await merge(zoo, recipe);
      assertAgrees(merged, referenceByMethod(method, inputsOf(zoo, recipe)));
    });

    if (method.models.min === 1 && method.models.max === undefined) {
      it("agrees with its formula for a single model", async () => {
        const zoo = makeFamilyZoo(2);
        // By default two models must agree, which a single one cannot.
        const recipe = "k" in method.parameters ? { parameters: { k: 1 } } : {};
        assertAgrees(await merge(zoo, recipe), referenceByMethod(method, inputsOf(zoo, recipe)));
      });
    }

    it("promotes mixed dtypes to one that holds all of them", async () => {
      const zoo = makeFamilyZoo(MODELS + 1);
      const merged = await merge(zoo);
      for (const [name, { dtype }] of merged) {
        assert.equal(dtype, promoted(method, zoo, name, withoutBase), name);
      }
    });

    it("keeps a model that equals the base from spoiling the result", async () => {
      const zoo = makeFamilyZoo(MODELS + 1);
      const [base = {}, first = {}, ...others] = zoo;
      const merged = await merge([base, base, first, ...others]);
      for (const [name, { values }] of merged) {
        assert.ok(
          values.every((value) => Number.isFinite(value) && Math.abs(value) < 10),
          name,
        );
      }
    });

    it("states its endpoints, and reaches them bit for bit", async () => {
      const endpoints = ENDPOINTS[method.name];
      assert.ok(endpoints !== undefined, `add ${method.name} to test/conformance/endpoints.ts`);
      const zoo = makeFamilyZoo(MODELS + 1);
      for (const { title, expected, equalModels, ...recipe } of endpoints) {
        const [base = {}, ...models] = zoo;
        const given = equalModels === true ? models.map(() => models[0] ?? {}) : models;
        const merged = await merge([base, ...given], recipe);
        try {
          assertGivesBack(merged, (expected === "base" ? base : given[expected]) ?? {});
        } catch (error) {
          throw new Error(`${title}: ${String(error)}`, { cause: error });
        }
      }
    });

    if (method.symmetric && (method.models.max ?? MODELS) > 1) {
      it("does not depend on the order of the models", async () => {
        const zoo = makeFamilyZoo(MODELS + 1);
        const [base = {}, ...models] = zoo;
        const modelParameters = weighted(method) ? [0.2, 0.5, 0.9].map((weight) => ({ weight })) : undefined;
        const recipe = (own = modelParameters) => (own === undefined ? {} : { modelParameters: own });
        const merged = await merge(zoo, recipe());
        const count = modelCount(method, MODELS);
        const turned = <T>(list: readonly T[]) => [...list.slice(1, count), ...list.slice(0, 1)];
        const other = await merge(
          [base, ...turned(models)],
          recipe(modelParameters && turned(modelParameters)),
        );
        for (const [name, { values, dtype }] of merged) {
          const second = other.get(name);
          assert.ok(second !== undefined && isFloat(dtype));
          // Both results are rounded, possibly to neighbouring numbers: twice what one may be off.
          assertClose(name, second.values, values, dtype, 2);
        }
      });
    }

    it("names tensor and model of a value that is not finite", async () => {
      for (const value of [NaN, Infinity, -Infinity]) {
        const zoo = makeFamilyZoo(MODELS + 1);
        const last = modelCount(method, MODELS);
        const spoilt = zoo.map((model, i) =>
          i === last ? withValue(model, "layers.0.F32.5x6", value) : model,
        );
        await assert.rejects(merge(spoilt), (error: unknown) => {
          assert.ok(error instanceof Error && "code" in error);
          assert.equal(error.code, "ENGINE_NON_FINITE");
          assert.match(error.message, /layers\.0\.F32\.5x6/);
          assert.match(error.message, new RegExp(`ft${last}`));
          return true;
        });
      }
    });
  });
}

function weighted(method: AnyMethod): boolean {
  return "weight" in method.parameters;
}

function withValue(model: FixtureTensors, name: string, value: number): FixtureTensors {
  const tensor = model[name];
  assert.ok(tensor !== undefined);
  const values = Array.from(tensor.values);
  values[values.length - 1] = value;
  return { ...model, [name]: { ...tensor, values } satisfies FixtureTensor };
}

/** Torch's promotion over the tensors that take part. */
function promoted(
  method: AnyMethod,
  zoo: readonly FixtureTensors[],
  name: string,
  withoutBase: boolean,
): string {
  const { base, models } = split(method, zoo);
  const parts = method.base === "ignored" || withoutBase ? models : [base, ...models];
  const dtypes = new Set(parts.map((tensors) => tensors[name]?.dtype));
  if (dtypes.has("F64")) return "F64";
  return dtypes.size === 1 ? String([...dtypes][0]) : "F32";
}
