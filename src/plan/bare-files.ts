import type { ConditionalSetting, Recipe, Setting, Settings } from "../recipe/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import type { PlanContext } from "./context.ts";

/** True for a model that is a single file: weights without a config. */
function isBareFile({ location, files }: ModelHeaders): boolean {
  return files.length === 1 && files[0]?.path === location;
}

/**
 * True if all models are single files. As in mergekit's tool for them, gradients then do not run over the layers: each
 * gives its first value everywhere, which is reported.
 */
export function gradientsAreFlat({ table, recipe, findings }: PlanContext): boolean {
  if (!table.headers.every(isBareFile)) return false;
  for (const [name, { position }] of gradientsOf(recipe)) {
    findings.add(`flat|${position.line}|${position.column}`, name, {
      code: "PLAN_PARAMETER",
      severity: "warning",
      sentence: (names) =>
        `The gradient of ${names} gives its first value everywhere: the models are single files.`,
      position,
      hint: "Write one value, or list the layers in `slices`, over which gradients run.",
    });
  }
  return true;
}

function gradientsOf(recipe: Recipe): [string, Setting][] {
  const levels: Settings[] = [recipe.parameters, ...recipe.overrides.map(({ parameters }) => parameters)];
  for (const { parameters, slices } of recipe.modules) {
    levels.push(parameters);
    for (const slice of slices)
      levels.push(slice.parameters, ...slice.sources.map((source) => source.parameters));
  }
  return levels.flatMap((settings) => [...settings].filter(([, setting]) => hasGradient(setting)));
}

function hasGradient({ value }: Setting): boolean {
  const isGradient = (plain: ConditionalSetting["value"]) =>
    typeof plain === "object" && plain.some((each) => each !== plain[0]);
  if (typeof value !== "object" || !("conditions" in value)) return isGradient(value);
  return value.conditions.some((condition) => isGradient(condition.value));
}
