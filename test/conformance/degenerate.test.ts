import assert from "node:assert/strict";
import { isMergeError } from "../../src/index.ts";
import type { AnyMethod } from "../../src/methods/define.ts";
import { METHODS } from "../../src/methods/index.ts";
import type { MethodRecipeOptions } from "../fixtures/method-recipes.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { assertAgrees, MODELS, split } from "./agreement.ts";
import { mergeByMethod, referenceByMethod } from "./merge-by-method.ts";
import { makeEqualZoo } from "./zoo.ts";

type Recipe = Partial<MethodRecipeOptions>;

/** A model of `factors`-weighted sums of others, element by element; sums of a few of their numbers are exact. */
function combined(models: readonly FixtureTensors[], factors: readonly number[]): FixtureTensors {
  const [first = {}] = models;
  return Object.fromEntries(
    Object.entries(first).map(([name, tensor]) => {
      const values = Float64Array.from(tensor.values, (_, i) =>
        models.reduce((sum, model, k) => sum + (factors[k] ?? 0) * (model[name]?.values[i] ?? 0), 0),
      );
      return [name, { ...tensor, values }];
    }),
  );
}

/** Multiples of 1/64 of eight bits, and of six where they are halved. */
const [x = {}] = makeEqualZoo(1, 5);
const [y = {}] = makeEqualZoo(1, 6);
const sign = (model: FixtureTensors, factor: number) => combined([model], [factor]);

/** Base and three models at which angles, medians and elections may stumble. */
const FAMILIES: Readonly<Record<string, readonly FixtureTensors[]>> = {
  "equal models apart from the base": [y, x, x, x],
  "task vectors that point apart": [sign(x, 0), x, sign(x, -1), x],
  "task vectors that cancel": [sign(x, 0), sign(x, 0.5), sign(x, 0.5), sign(x, -1)],
  "models that are the base's opposite": [x, sign(x, -1), sign(x, -1), sign(x, -1)],
  "models of zeros": [x, sign(x, 0), sign(x, 0), sign(x, 0)],
  "a base and models of zeros": [sign(x, 0), sign(x, 0), sign(x, 0), sign(x, 0)],
  "two of three models that are the base": [x, x, y, x],
};

/** The models of several families as one, with the family in the names of its tensors. */
function joined(families: readonly (readonly [string, readonly FixtureTensors[]])[]): FixtureTensors[] {
  return Array.from({ length: MODELS + 1 }, (_, model) =>
    Object.fromEntries(
      families.flatMap(([what, zoo]) =>
        Object.entries(zoo[model] ?? {}).map(([name, tensor]) => [
          `${what.replaceAll(" ", "_")}.${name}`,
          tensor,
        ]),
      ),
    ),
  );
}

/** Parameters at the ends of their ranges, for methods that have them. */
const ENDS: readonly Readonly<Record<string, number>>[] = [
  { density: 0 },
  { density: 1 },
  { density: 1, gamma: 0 },
  { density: 0.5, gamma: 0 },
  { density: 0, gamma: 0.5 },
  { select_topk: 0 },
  { select_topk: 1 },
  { epsilon: 0 },
];

/** What cannot divide by a sum of weights says so before anything is read; other methods have an answer. */
const REFUSE_CANCELLED_WEIGHTS = ["linear", "geometric_median", "multislerp"];
const REFUSE_TO_NORMALIZE_THEM = ["linear", "task_arithmetic", "dare_linear", "breadcrumbs", "della_linear"];

const CASES = METHODS.flatMap((method) => {
  const cases = [{ method, withoutBase: false }];
  return method.base === "optional" ? [...cases, { method, withoutBase: true }] : cases;
});

const has = (method: AnyMethod, names: readonly string[]) => names.every((name) => name in method.parameters);

for (const { method, withoutBase } of CASES) {
  describe(`merge method ${method.name}${withoutBase ? " without a base" : ""}, on degenerate inputs`, () => {
    const inFolder = useTemporaryFolder();
    let runs = 0;

    async function assertFormula(zoo: readonly FixtureTensors[], recipe: Recipe = {}) {
      const tensorwise = "granularity" in method.parameters ? { granularity: "tensor" } : {};
      const parameters = { ...tensorwise, ...recipe.parameters };
      const inputs = { ...split(method, zoo), recipe: { ...recipe, parameters, withoutBase } };
      const merged = await mergeByMethod(inFolder(String(runs++)), method, inputs);
      assertAgrees(merged, referenceByMethod(method, inputs));
    }

    it("agrees with its formula where models are equal, opposite or zero", async () => {
      // Methods that must give equal models back bit for bit do so by their endpoints, beyond what float64 can tell.
      const exact = ENDPOINTS[method.name]?.some(({ equalModels }) => equalModels === true) === true;
      await assertFormula(
        joined(Object.entries(FAMILIES).filter(([what]) => !(exact && what.startsWith("equal")))),
      );
    });

    for (const parameters of ENDS) {
      if (!has(method, Object.keys(parameters))) continue;
      it(`agrees with its formula at ${JSON.stringify(parameters)}`, async () => {
        await assertFormula([x, x, y, x], { parameters });
      });
    }

    if (!has(method, ["weight"])) return;
    const normalized = has(method, ["normalize"]) ? [false, true] : [false];
    for (const [weights, normalize] of normalized.flatMap((normalize) => [
      [[1, -1, 0], normalize] as const,
      [[0, 0, 0], normalize] as const,
    ])) {
      const recipe = {
        modelParameters: weights.slice(0, MODELS).map((weight) => ({ weight })),
        ...(normalize ? { parameters: { normalize } } : {}),
      };
      const refuses =
        REFUSE_CANCELLED_WEIGHTS.includes(method.name) ||
        (normalize && weights[0] !== 0 && REFUSE_TO_NORMALIZE_THEM.includes(method.name));
      const how = normalize ? ", normalised" : "";
      it(`${refuses ? "refuses" : "has an answer to"} the weights ${weights.join(", ")}${how}`, async () => {
        const merged = assertFormula([x, y, x, sign(y, 0.5)], recipe);
        if (!refuses) await merged;
        else
          await assert.rejects(merged, (error) =>
            isMergeError(error, "PLAN_PARAMETER", "RECIPE_OUT_OF_RANGE"),
          );
      });
    }
  });
}
