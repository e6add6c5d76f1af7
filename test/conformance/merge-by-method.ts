import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AnyMethod } from "../../src/methods/define.ts";
import { methodRecipe } from "../fixtures/method-recipes.ts";
import type { MethodRecipeOptions } from "../fixtures/method-recipes.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import type { ReadTensor } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import type { RunOptions } from "../fixtures/run-merge.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";
import type { FixtureTensors } from "../fixtures/write-safetensors.ts";
import { referenceMerge } from "../reference/merge.ts";
import type { Tensors } from "../reference/merge.ts";

export interface Inputs {
  readonly base: FixtureTensors;
  readonly models: readonly FixtureTensors[];
  readonly recipe?: Partial<MethodRecipeOptions>;
  readonly run?: RunOptions;
}

const nameOf = (model: number) => (model === 0 ? "base" : `ft${model}`);

/** The recipe's text, with models named below `root`. */
function recipeText(method: AnyMethod, { models, recipe }: Inputs, root: string): string {
  const paths = models.map((_, i) => join(root, nameOf(i + 1)));
  return JSON.stringify(methodRecipe(method, { ...recipe, base: join(root, nameOf(0)), models: paths }));
}

/** Writes base and models below `folder`, merges them and reads the result. */
export async function mergeByMethod(
  folder: string,
  method: AnyMethod,
  inputs: Inputs,
): Promise<ReadonlyMap<string, ReadTensor>> {
  const all = [inputs.base, ...inputs.models];
  for (const [i, tensors] of all.entries()) await writeWeights(join(folder, nameOf(i)), tensors);
  const recipe = join(folder, "recipe.yml");
  await writeFile(recipe, recipeText(method, inputs, folder));
  await runMerge(recipe, join(folder, "merged"), inputs.run);
  return readWeights(join(folder, "merged"));
}

/** The same merge in float64 by the method's formula. */
export function referenceByMethod(method: AnyMethod, inputs: Inputs): Tensors {
  const models = new Map<string, Tensors>();
  [inputs.base, ...inputs.models].forEach((tensors, i) => {
    const wide = Object.entries(tensors).map(
      ([name, { shape, values }]) => [name, { shape, values: Float64Array.from(values) }] as const,
    );
    models.set(nameOf(i), new Map(wide));
  });
  const read = (path: string) => models.get(path) ?? new Map<string, never>();
  return referenceMerge(recipeText(method, inputs, ""), { read });
}
