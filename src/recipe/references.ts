import { referenceText } from "../sources/types.ts";
import type { ModelReference } from "../sources/types.ts";
import type { Recipe, RecipeSlice } from "./types.ts";

/** The slices of all modules, in order. */
export function slicesOf({ modules }: Recipe): RecipeSlice[] {
  return modules.flatMap(({ slices }) => slices);
}

/** Every model that is a base anywhere in a recipe; one may be there several times. */
export function basesOf(recipe: Recipe): ModelReference[] {
  const bases = [recipe.baseModel, ...slicesOf(recipe).map(({ baseModel }) => baseModel)];
  return bases.filter((model) => model !== undefined);
}

/** Every model that a recipe merges, once: the base, then the others in the order in which they are named first. */
export function referencedModels(recipe: Recipe): ModelReference[] {
  const first = recipe.baseModel === undefined ? [] : [recipe.baseModel];
  const listed = slicesOf(recipe).flatMap(({ sources }) => sources.map(({ model }) => model));
  const overriding = recipe.overrides.flatMap(({ model }) => model ?? []);
  const all = [...first, ...listed, ...basesOf(recipe), ...overriding];
  const models = new Map<string, ModelReference>();
  for (const model of all) {
    const text = referenceText(model);
    // Said once, wherever the model stands.
    if (models.get(text)?.overrideArchitecture === undefined) models.set(text, model);
  }
  return [...models.values()];
}
