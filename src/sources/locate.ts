import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { SourceError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { isReadable } from "./choose-weights.ts";
import { statPath } from "./file.ts";

export interface OpenOptions {
  /** Folders that a relative path is tried from, in this order: the working directory, then the recipe's folder. */
  readonly searchFrom: readonly string[];
  /** What `~` stands for; the user's home by default. */
  readonly homeDirectory?: string;
}

export interface Location {
  readonly path: string;
  readonly kind: "folder" | "file";
}

interface Candidate {
  readonly path: string;
  /** The folder that a relative path was resolved against. */
  readonly from?: string;
}

/** Finds the folder or file that a model's path means. */
export async function locate(path: string, options: OpenOptions): Promise<Location> {
  const tried = candidates(path, options);
  for (const candidate of tried) {
    const stats = await statPath(candidate.path);
    if (stats !== undefined) return { path: candidate.path, kind: stats.isDirectory() ? "folder" : "file" };
  }
  const places = tried.map((candidate) => candidate.path).join(", ");
  const hint = [await nearest(tried), hubHint(path)].filter((text) => text !== "").join(" ");
  throw new SourceError("SOURCE_NOT_FOUND", `Model "${path}" was not found; tried ${places}`, {
    where: path,
    ...(hint === "" ? {} : { hint }),
  });
}

function candidates(path: string, { searchFrom, homeDirectory = homedir() }: OpenOptions): Candidate[] {
  if (/^~(?:[/\\]|$)/.test(path)) return [{ path: join(homeDirectory, path.slice(1)) }];
  if (isAbsolute(path)) return [{ path: resolve(path) }];
  return [...new Set(searchFrom.map((folder) => resolve(folder)))].map((from) => ({
    path: resolve(from, path),
    from,
  }));
}

/** Offers, for the first part of a path that does not exist, the name there that is most like it. */
async function nearest(tried: readonly Candidate[]): Promise<string> {
  for (const { path, from } of tried) {
    let missing = path;
    // The root itself can be missing: an unknown drive on Windows.
    while (dirname(missing) !== missing && (await statPath(dirname(missing))) === undefined)
      missing = dirname(missing);
    const name = nearestName(basename(missing), await modelNames(dirname(missing)));
    if (name === undefined) continue;
    const suggestion = join(dirname(missing), name, relative(missing, path));
    return `Did you mean "${from === undefined ? suggestion : relative(from, suggestion)}"?`;
  }
  return "";
}

async function modelNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const models = entries.filter((entry) => !entry.isFile() || isReadable(entry.name));
    return models.map(({ name }) => name).sort();
  } catch {
    return []; // A hint only: the error itself stands.
  }
}

function hubHint(path: string): string {
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(path)) return "";
  return (
    "If it is a model of the Hugging Face Hub: this version reads local folders only, so download it first " +
    `(hf download ${path} --local-dir ${basename(path)}) and name the folder.`
  );
}
