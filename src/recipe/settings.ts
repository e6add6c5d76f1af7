import { matchesGlob } from "./glob.ts";
import { frameAt } from "./frame.ts";
import { coerceValue, describeValues, isAllowedValue } from "./values.ts";
import { referenceText } from "../sources/types.ts";
import type { Problem } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpec, ParameterSpecs } from "../methods/params.ts";
import type {
  ConditionalSetting,
  FoundValue,
  Override,
  ParameterValue,
  PlainSetting,
  Recipe,
  RecipeModule,
  RecipeSlice,
  RecipeSource,
  RuleLevel,
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
  // At a value itself, the sum would turn -0 into 0.
  if (fraction === 0) return low;
  return (1 - fraction) * low + fraction * high;
}

/** A filter is a plain piece of a name; in an override one with * or ? is a glob over the whole name. */
export function matchesFilter(filter: string, tensorName: string, inOverride: boolean): boolean {
  if (filter === "*") return true;
  return inOverride && /[*?]/.test(filter) ? matchesGlob(filter, tensorName) : tensorName.includes(filter);
}

/** The entry that applies at a tensor; a setting without conditions is one entry. */
function entryFor(
  { value }: Setting,
  tensorName: string,
  inOverride: boolean,
): ConditionalSetting | undefined {
  if (typeof value !== "object" || !("conditions" in value)) return { value };
  return value.conditions.find(
    ({ filter }) => filter === undefined || matchesFilter(filter, tensorName, inOverride),
  );
}

/**
 * A setting's value at one tensor; `t` runs from 0 to 1 over the layers of a slice. Gradients are interpolated linearly
 * in double precision (booleans and words: a step). Undefined if no condition holds or the list is empty.
 */
export function evaluateSetting(
  setting: Setting,
  tensorName: string,
  t: number,
  inOverride = false,
): ParameterValue | undefined {
  const entry = entryFor(setting, tensorName, inOverride);
  return entry && evaluatePlain(entry.value, t);
}

export interface ParameterQuery {
  readonly recipe: Recipe;
  readonly module: RecipeModule;
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
  readonly parameters: Readonly<Record<string, FoundValue>>;
  /** Parameters of scope "model", one record per input. */
  readonly inputs: readonly Readonly<Record<string, FoundValue>>[];
  readonly problems: readonly Problem[];
}

type Level = readonly [level: RuleLevel, settings: Settings | undefined];

interface Lookup {
  readonly name: string;
  readonly spec: ParameterSpec;
  readonly levels: readonly Level[];
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
function look(lookup: Lookup, query: ParameterQuery): FoundValue | Problem | undefined {
  const { name, spec } = lookup;
  for (const [level, settings] of lookup.levels) {
    const setting = settings?.get(name);
    const entry = setting && entryFor(setting, lookup.tensor, level === "override");
    const value = entry && evaluatePlain(entry.value, query.t);
    if (setting === undefined || entry === undefined || value === undefined) continue;
    const coerced = coerceValue(spec, value);
    if (!isAllowedValue(spec, coerced)) return unfit(lookup, coerced, setting, query.recipe);
    return { value: coerced, level, setting, entry };
  }
  if (spec.default !== undefined) return { value: spec.default, level: "default" };
  return spec.optional === true ? undefined : missing(lookup, query);
}

/**
 * The parameters of one output tensor and where each comes from. Levels, first that yields a value wins: override,
 * source (only parameters of scope "model"), slice, module, recipe, the method's default. Pure: problems are returned,
 * not thrown.
 */
export function resolveParameters(query: ParameterQuery): ResolvedParameters {
  const problems: Problem[] = [];
  const { override, slice, module, recipe } = query;
  const over: Level = ["override", override?.parameters];
  const shared: Level[] = [
    ["slice", slice.parameters],
    ["module", module.parameters],
    ["recipe", recipe.parameters],
  ];
  const specs = Object.entries(query.method.parameters as ParameterSpecs);
  const resolve = (scope: ParameterSpec["scope"], of: Pick<Lookup, "levels" | "tensor" | "model">) => {
    const values: Record<string, FoundValue> = {};
    for (const [name, spec] of specs) {
      if (spec.scope !== scope) continue;
      const found = look({ name, spec, ...of }, query);
      if (found === undefined) continue;
      if ("code" in found) problems.push(found);
      else values[name] = found;
    }
    return values;
  };
  return {
    parameters: resolve("global", { levels: [over, ...shared], tensor: query.tensor }),
    inputs: query.inputs.map(({ source, tensor }) =>
      resolve("model", {
        levels: [over, ["source", source.parameters], ...shared],
        tensor,
        model: referenceText(source.model),
      }),
    ),
    problems,
  };
}

/** The values alone. */
export function valuesOf(
  found: Readonly<Record<string, FoundValue>>,
): Readonly<Record<string, ParameterValue>> {
  const values: Record<string, ParameterValue> = {};
  for (const [name, { value }] of Object.entries(found)) values[name] = value;
  return values;
}
