import type { AnyMethod } from "../../src/methods/define.ts";
import type { ParameterSpec } from "../../src/methods/params.ts";
import { methodRecipe } from "../fixtures/method-recipes.ts";
import type { MethodRecipeOptions, Value } from "../fixtures/method-recipes.ts";

/** One parameter at another value than usual, and how that reads in a title. */
export interface Variant {
  readonly title: string;
  readonly recipe: Pick<MethodRecipeOptions, "parameters" | "modelParameters">;
  /** The same without the parameter, but with those beside which alone it counts. */
  readonly without: Pick<MethodRecipeOptions, "parameters">;
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

/** Every parameter, with an effect or declared to have none, at another value; one per model only for the first model. */
export function variantsOf(method: AnyMethod, hasEffect = true): Variant[] {
  return Object.entries(method.parameters as Record<string, ParameterSpec>)
    .filter(([, spec]) => (spec.noEffect === undefined) === hasEffect)
    .flatMap(([name, spec]) =>
      otherValues(name, spec).map((value) => {
        const beside = Object.entries(BESIDE[name] ?? {});
        const parameters = Object.fromEntries(beside.filter(([other]) => other in method.parameters));
        const own = spec.scope === "model" ? { modelParameters: [{ [name]: value }] } : {};
        const all = spec.scope === "model" ? parameters : { ...parameters, [name]: value };
        return {
          title: `${name} ${String(value)}`,
          recipe: { parameters: all, ...own },
          without: { parameters },
        };
      }),
    );
}

type Settings = Record<string, unknown>;

/**
 * One recipe in which the tensors named variant0.*, variant1.*, ... have the parameters of each variant in turn, by
 * filters. A single variant applies to all tensors.
 */
export function recipeOfVariants(
  method: AnyMethod,
  paths: Pick<MethodRecipeOptions, "base" | "models">,
  variants: readonly Variant["recipe"][],
): object {
  const [only] = variants;
  if (only !== undefined && variants.length === 1) return methodRecipe(method, { ...paths, ...only });
  const recipe = methodRecipe(method, paths) as {
    parameters?: Settings;
    models: { parameters?: Settings }[];
  };
  const conditions = (valueIn: (variant: Variant["recipe"]) => Value | undefined) =>
    variants.flatMap((variant, i) => {
      const value = valueIn(variant);
      return value === undefined ? [] : [{ filter: `variant${i}.`, value }];
    });
  const specs = Object.entries(method.parameters as Record<string, ParameterSpec>);
  const shared: Settings = {};
  const first: Settings = {};
  for (const [name, spec] of specs) {
    const usual = recipe.parameters?.[name] ?? spec.default;
    const all = conditions(({ parameters }) => parameters?.[name]);
    const own = conditions(({ modelParameters }) => modelParameters?.[0]?.[name]);
    const rest = usual === undefined ? [] : [{ value: usual }];
    if (all.length + rest.length > 0) shared[name] = [...all, ...rest];
    if (own.length > 0) first[name] = own;
  }
  const models = recipe.models.map((model, i) => (i === 0 ? { ...model, parameters: first } : model));
  return { ...recipe, models, parameters: shared };
}
