import { join } from "node:path";
import { readRange, readText, statPath } from "./file.ts";
import type { ModelHeaders } from "./types.ts";

/** Reads those of a model's side files that have one of the names, as texts by name. */
export async function readSideTexts(
  model: ModelHeaders,
  names: readonly string[],
  maxBytes: number,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { name } of model.sideFiles)
    if (names.includes(name)) texts.set(name, await readText(sidePath(model, name), maxBytes));
  return texts;
}

/** The bytes of a side file; undefined if it is not here yet, or longer than that. */
export async function readSideBytes(
  model: ModelHeaders,
  name: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const path = sidePath(model, name);
  const size = (await statPath(path))?.size ?? Infinity;
  return size > maxBytes ? undefined : await readRange(path, 0, size);
}

/** Where a side file lies: in the model's folder, or in that of its adapter. */
export function sidePath({ location, contents }: ModelHeaders, name: string): string {
  const content = contents?.get(name);
  return typeof content === "object" && "path" in content ? content.path : join(location, name);
}
