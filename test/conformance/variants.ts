import type { AnyMethod } from "../../src/methods/define.ts";
import type { ParameterSpec } from "../../src/methods/params.ts";
import type { MethodRecipeOptions, Value } from "../fixtures/method-recipes.ts";

/** One parameter at another value than usual, and how that reads in a title. */
export interface Variant {
  readonly title: string;
  readonly recipe: Pick<MethodRecipeOptions, "parameters" | "modelParameters">;
}

/** Where the usual choice would change nothing, or too little to see. */
const OTHER: Readonly<Record<string, readonly Value[]>> = { max_iter: [0], tol: [0.5] };

/** Parameters that only count beside another one. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  nuslerp_row_wise: { nuslerp_flatten: false },
  rescale: { density: 0.5 },
  gamma: { density: 0.5 },
  epsilon: { density: 0.5 },
};

function otherValues(name: string, spec: ParameterSpec): Value[] {
  const chosen = OTHER[name];
  if (chosen !== undefined) return [...chosen];
  if (spec.type === "boolean") return [spec.default !== true];
  if (spec.type === "choice") return spec.choices.filter((choice) => choice !== spec.default);
  // No usual value of a number (0.5, 1, 0) is this one.
  const { minimum = -Infinity, maximum = Infinity } = spec;
  const value = spec.type === "integer" ? 3 : 0.25;
  if (value < minimum || value > maximum) throw new Error(`choose another value for ${name}`);
  return [value];
}

/** Every parameter that has an effect, changed one at a time; one that is per model only for the first model. */
export function variantsOf(method: AnyMethod): Variant[] {
  return Object.entries(method.parameters as Record<string, ParameterSpec>)
    .filter(([, spec]) => spec.noEffect === undefined)
    .flatMap(([name, spec]) => {
      const own = Object.entries(BESIDE[name] ?? {}).filter(([other]) => other in method.parameters);
      const beside = Object.fromEntries(own);
      return otherValues(name, spec).map((value) => ({
        title: `${name} ${String(value)}`,
        recipe:
          spec.scope === "model"
            ? { parameters: beside, modelParameters: [{ [name]: value }] }
            : { parameters: { ...beside, [name]: value } },
      }));
    });
}
