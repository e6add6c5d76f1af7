import { join } from "node:path";
import { readText } from "./file.ts";
import type { ModelHeaders } from "./types.ts";

/** Reads those of a model's side files that have one of the names, as texts by name. */
export async function readSideTexts(
  { location, sideFiles }: ModelHeaders,
  names: readonly string[],
  maxBytes: number,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { name } of sideFiles)
    if (names.includes(name)) texts.set(name, await readText(join(location, name), maxBytes));
  return texts;
}
