import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { SourceError } from "../errors.ts";
import type { MergeError, Problem } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { isReadable } from "./choose-weights.ts";
import { statPath } from "./file.ts";
import type { ModelStore } from "./store.ts";
import type { HubOrigin, ModelHeaders, ModelReference } from "./types.ts";

/** Where models that are no folders come from. */
export interface ModelHub {
  /** Whether a path can be the name of a model there. */
  isName(path: string): boolean;
  /** For messages: "huggingface.co", or "the cache" if that alone may be asked. */
  readonly place: string;
  /**
   * Reads the headers of a model. Throws a SourceError, HUB_NOT_FOUND if there is none of that name; what else is wrong
   * goes to `report`.
   */
  open(reference: ModelReference, report: (problem: MergeError) => void): Promise<ModelHeaders>;
  /** Reads some files of a repository that is no model of its own, such as an adapter's. Throws as `open` does. */
  openFiles<T>(reference: ModelReference, read: (store: ModelStore) => Promise<T>): Promise<OpenedFiles<T>>;
}

export interface OpenedFiles<T> {
  readonly read: T;
  readonly folder: string;
  /** Where files come from, and which of them have to come yet. */
  readonly originOf: (names: readonly string[]) => HubOrigin;
  readonly warnings: readonly Problem[];
}

export interface OpenOptions {
  /** Folders that a relative path is tried from, in this order: the working directory, then the recipe's folder. */
  readonly searchFrom: readonly string[];
  /** What `~` stands for; the user's home by default. */
  readonly homeDirectory?: string;
  /** Asked for what is no path. */
  readonly hub?: ModelHub | undefined;
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

/** Finds the folder or file that a model's path means; undefined if there is none. */
export async function locate(path: string, options: OpenOptions): Promise<Location | undefined> {
  for (const candidate of candidates(path, options)) {
    const stats = await statPath(candidate.path);
    if (stats !== undefined) return { path: candidate.path, kind: stats.isDirectory() ? "folder" : "file" };
  }
  return undefined;
}

/** The error for a path at which there is no model; `refusal` is what the Hub says of it as a name. */
export async function notFound(
  path: string,
  options: OpenOptions,
  refusal?: MergeError,
): Promise<SourceError> {
  const tried = candidates(path, options);
  const places = [
    ...tried.map((candidate) => candidate.path),
    ...(refusal === undefined ? [] : [`${path} at ${options.hub?.place ?? "the Hub"}`]),
  ];
  const hints = [await nearest(tried), refusal?.hint ?? hubHint(path, options)];
  const hint = hints.filter((text) => text !== "").join(" ");
  return new SourceError("SOURCE_NOT_FOUND", `Model "${path}" was not found; tried ${places.join(", ")}`, {
    where: path,
    ...(hint === "" ? {} : { hint }),
    ...(refusal === undefined ? {} : { cause: refusal }),
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

function hubHint(path: string, { hub }: OpenOptions): string {
  if (hub === undefined) {
    return /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(path)
      ? "For models of the Hugging Face Hub, the option hub says where they are."
      : "";
  }
  return /^[\w-][\w.-]*$/.test(path) ? "A model of the Hugging Face Hub is written org/name." : "";
}
