import { frameAt } from "./frame.ts";
import { coerceValue, describeValues, isAllowedValue } from "./values.ts";
import { referenceText } from "../sources/types.ts";
import type { Problem } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpec, ParameterSpecs } from "../methods/params.ts";
import type {
  Override,
  ParameterValue,
  PlainSetting,
  Recipe,
  RecipeSlice,
  RecipeSource,
  Setting,
  Settings,
} from "./types.ts";

function evaluatePlain(value: PlainSetting, t: number): ParameterValue | undefined {
  if (typeof value !== "object") return value;
  const last = value.length - 1;
  if (last < 0) return undefined;
  const place = t * last;
  const i = Math.floor(place);
  const low = value[i];
  const high = value[Math.min(last, i + 1)];
  if (typeof low !== "number" || typeof high !== "number") return low;
  const fraction = place - i;
  return (1 - fraction) * low + fraction * high;
}

/**
 * A setting's value at one tensor; `t` runs from 0 to 1 over the layers of a slice. Gradients are interpolated linearly
 * in double precision (booleans and words: a step). Undefined if no condition holds or the list is empty.
 */
export function evaluateSetting(setting: Setting, tensorName: string, t: number): ParameterValue | undefined {
  const { value } = setting;
  if (typeof value !== "object" || !("conditions" in value)) return evaluatePlain(value, t);
  const match = value.conditions.find(
    ({ filter }) => filter === undefined || filter === "*" || tensorName.includes(filter),
  );
  return match === undefined ? undefined : evaluatePlain(match.value, t);
}

export interface ParameterQuery {
  readonly recipe: Recipe;
  readonly slice: RecipeSlice;
  /** The override that matched the tensor: its parameters come first. */
  readonly override?: Override | undefined;
  /** The method that runs at this tensor. */
  readonly method: AnyMethod;
  /** Name of the output tensor: what filters of global parameters are matched against. */
  readonly tensor: string;
  /** Place in the slice, 0 to 1; 0 for tensors outside layers. */
  readonly t: number;
  /**
   * The inputs in recipe order, a base that the method keeps apart left out; `tensor` is the name in that model, which
   * filters of model parameters are matched against.
   */
  readonly inputs: readonly { readonly source: RecipeSource; readonly tensor: string }[];
}

export interface ResolvedParameters {
  /** Parameters of scope "global". An absent optional one has no entry. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Parameters of scope "model", one record per input. */
  readonly inputs: readonly Readonly<Record<string, ParameterValue>>[];
  readonly problems: readonly Problem[];
}

interface Lookup {
  readonly name: string;
  readonly spec: ParameterSpec;
  readonly levels: readonly (Settings | undefined)[];
  readonly tensor: string;
  /** Named in messages, for parameters of scope "model". */
  readonly model?: string;
}

const place = ({ model, tensor }: Lookup) =>
  model === undefined ? `at tensor ${tensor}` : `for model ${model} at tensor ${tensor}`;

function missing(lookup: Lookup, query: ParameterQuery): Problem {
  const { name } = lookup;
  return {
    code: "RECIPE_MISSING_PARAMETER",
    severity: "error",
    message: `${query.method.name} needs "${name}" ${place(lookup)}, and no setting of it applies there.`,
    hint: `Give "${name}" without a filter in the recipe's top-level parameters, or add an entry with filter "*".`,
  };
}

function unfit(lookup: Lookup, value: ParameterValue, setting: Setting, recipe: Recipe): Problem {
  const { line, column } = setting.position;
  return {
    code: "PLAN_PARAMETER",
    severity: "error",
    message: `"${lookup.name}" is ${JSON.stringify(value)} ${place(lookup)}; it takes ${describeValues(lookup.spec)}.`,
    position: setting.position,
    frame: frameAt(recipe.text, line, column),
    hint: "Change the setting, or the gradient or inherited level that it comes from.",
  };
}

/** The first level that yields a value wins; a problem if the value does not fit or a required one is absent. */
function look(lookup: Lookup, query: ParameterQuery): ParameterValue | Problem | undefined {
  const { name, spec } = lookup;
  for (const level of lookup.levels) {
    const setting = level?.get(name);
    const value = setting && evaluateSetting(setting, lookup.tensor, query.t);
    if (setting === undefined || value === undefined) continue;
    const coerced = coerceValue(spec, value);
    return isAllowedValue(spec, coerced) ? coerced : unfit(lookup, coerced, setting, query.recipe);
  }
  if (spec.default !== undefined || spec.optional === true) return spec.default;
  return missing(lookup, query);
}

/**
 * The parameters of one output tensor. Levels, first that yields a value wins: override, source (only parameters of
 * scope "model"), slice, recipe, the method's default. Pure: problems are returned, not thrown.
 */
export function resolveParameters(query: ParameterQuery): ResolvedParameters {
  const problems: Problem[] = [];
  const shared = [query.slice.parameters, query.recipe.parameters];
  const specs = Object.entries(query.method.parameters as ParameterSpecs);
  const resolve = (scope: ParameterSpec["scope"], of: Pick<Lookup, "levels" | "tensor" | "model">) => {
    const values: Record<string, ParameterValue> = {};
    for (const [name, spec] of specs) {
      if (spec.scope !== scope) continue;
      const found = look({ name, spec, ...of }, query);
      if (typeof found === "object") problems.push(found);
      else if (found !== undefined) values[name] = found;
    }
    return values;
  };
  const over = query.override?.parameters;
  return {
    parameters: resolve("global", { levels: [over, ...shared], tensor: query.tensor }),
    inputs: query.inputs.map(({ source, tensor }) =>
      resolve("model", {
        levels: [over, source.parameters, ...shared],
        tensor,
        model: referenceText(source.model),
      }),
    ),
    problems,
  };
}
