import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RecipeError } from "../errors.ts";
import { nearestName } from "../nearest.ts";

/**
 * Reads a recipe's text, from a pipe as well. One byte more than `maxBytes` is enough for the parser to refuse the text,
 * so no more is read of a file that is not a recipe at all.
 */
export async function readRecipe(path: string, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of createReadStream(path, { end: maxBytes })) parts.push(part as Buffer);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = await nearest(path);
    throw new RecipeError("RECIPE_NOT_FOUND", `The recipe ${path} cannot be read: ${reason}`, {
      where: path,
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

async function nearest(path: string): Promise<string | undefined> {
  const names = await readdir(dirname(path)).catch(() => []); // A hint only: the error itself stands.
  const recipes = names.filter((name) => /\.ya?ml$/i.test(name) && name !== basename(path));
  const name = nearestName(basename(path), recipes);
  return name === undefined ? undefined : `Did you mean "${join(dirname(path), name)}"?`;
}
