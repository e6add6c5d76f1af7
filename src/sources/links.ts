import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { isAbsence, unreadable } from "./file.ts";

/** A snapshot of a Hub cache, whose files are links to the repository's blobs. */
const SNAPSHOT = /^(?<repository>.*[/\\]models--[^/\\]+)[/\\]snapshots[/\\][^/\\]+(?:[/\\]|$)/;

/**
 * Tells whether a path of a model's folder, its links followed, stays within that folder or, for a snapshot of a Hub
 * cache, within the blobs of its repository. Someone else's folder must not be able to name the user's own files as a
 * model's, since they would be carried into the output. Nothing at the path counts as within.
 */
export async function insideOf(folder: string): Promise<(name: string) => Promise<boolean>> {
  const root = await followed(folder);
  if (root === undefined) return () => Promise.resolve(true);
  const repository = SNAPSHOT.exec(root)?.groups?.["repository"];
  const roots = repository === undefined ? [root] : [root, join(repository, "blobs")];
  return async (name) => {
    const path = await followed(join(folder, name));
    return path === undefined || roots.some((each) => isWithin(each, path));
  };
}

async function followed(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw unreadable(path, error);
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way.split(sep)[0] !== ".." && !isAbsolute(way);
}
