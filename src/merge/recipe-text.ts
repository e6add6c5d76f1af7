import { resolve } from "node:path";
import type { PlanOptions } from "../engine/options.ts";
import { MAX_RECIPE_BYTES } from "../recipe/limits.ts";
import { methodModulesIn } from "../recipe/method-modules.ts";
import { parseRecipes } from "../recipe/parse.ts";
import type { ParsedRecipes } from "../recipe/types.ts";
import { readRecipe } from "../sources/recipe-file.ts";
import { ownMethods } from "./own-methods.ts";
import type { OwnMethods } from "./own-methods.ts";

/** A recipe file as it is understood. */
export interface ReadRecipes {
  readonly own: OwnMethods;
  readonly parsed: ParsedRecipes;
  /** Where relative paths start from: the working directory, then the recipe's folder. */
  readonly searchFrom: readonly [string, string];
}

/** Reads and parses a recipe file, with the merge methods of the modules that it names. */
export async function readRecipes(options: PlanOptions): Promise<ReadRecipes> {
  const cwd = resolve(options.cwd ?? ".");
  const { text, file, folder } = await readRecipe(options.recipe, cwd, MAX_RECIPE_BYTES);
  const own = await ownMethods(methodModulesIn(text, { ...options, file }), folder, options.methods);
  return { own, parsed: parseRecipes(text, { ...options, ...own, file }), searchFrom: [cwd, folder] };
}
