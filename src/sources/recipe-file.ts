import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { RecipeError } from "../errors.ts";
import { nearestName } from "../nearest.ts";

/** Path of a recipe; or its text, with the name of the file it comes from if there is one. */
export type RecipeInput = string | { readonly text: string; readonly file?: string | undefined };

export interface RecipeFile {
  readonly text: string;
  /** Name for messages: the path as it was given. */
  readonly file: string;
  /** Absolute folder of the file. */
  readonly folder: string;
}

/** Name of a recipe that is in no file. */
const NO_FILE = "recipe.yml";

/**
 * Reads a recipe, from a pipe as well; relative paths start from `cwd`. One byte more than `maxBytes` is enough for the
 * parser to refuse the text, so no more is read of a file that is not a recipe at all.
 */
export async function readRecipe(input: RecipeInput, cwd: string, maxBytes: number): Promise<RecipeFile> {
  const file = typeof input === "string" ? input : (input.file ?? NO_FILE);
  const path = resolve(cwd, file);
  const text = typeof input === "string" ? await readStart(path, input, maxBytes) : input.text;
  return { text, file, folder: dirname(path) };
}

async function readStart(path: string, file: string, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of createReadStream(path, { end: maxBytes })) parts.push(part as Buffer);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = await nearest(path, file);
    throw new RecipeError("RECIPE_NOT_FOUND", `The recipe ${file} cannot be read: ${reason}`, {
      where: file,
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

async function nearest(path: string, file: string): Promise<string | undefined> {
  const names = await readdir(dirname(path)).catch(() => []); // A hint only: the error itself stands.
  const recipes = names.filter((name) => /\.ya?ml$/i.test(name) && name !== basename(path));
  const name = nearestName(basename(path), recipes);
  return name === undefined ? undefined : `Did you mean "${join(dirname(file), name)}"?`;
}
