import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { EvaluateError } from "../errors.ts";
import { readPicture } from "./pictures.ts";
import type { Example, Picture, Split } from "./types.ts";

const READABLE = new Set([".jpg", ".jpeg", ".png"]);
/** Pictures by their name that no library here decodes. */
const FOREIGN = new Set([".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp"]);
/** Folders listed at a time. */
const FOLDERS_AT_ONCE = 16;

/** Which class folders a split has, and which of the model's classes are right for each. */
export interface FolderClasses {
  /** By folder name; folders that are not named are an error, or left out where `ignoreOthers` says so. */
  readonly labels: ReadonlyMap<string, readonly number[]>;
  readonly ignoreOthers?: boolean;
  /** The only classes that a prediction may be; absent: all. */
  readonly allowed?: readonly number[];
}

export interface FolderSplit {
  readonly name: string;
  readonly role: Split["role"];
  readonly folder: string;
  readonly classes: FolderClasses;
  /** What is done to a picture before the model's own preparation. */
  readonly adjust?: (picture: Picture) => Picture;
}

/** Names of the sub-folders, sorted; none for a folder that is not there. */
export async function subfolders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .sort();
  } catch {
    return []; // What was expected there is reported by whoever needs it.
  }
}

/** A split of class folders with JPEG and PNG files, in the order of folder and file names. Lists them all at once. */
export async function openFolderSplit(split: FolderSplit): Promise<Split> {
  const { name, role, folder, classes, adjust } = split;
  const names = (await subfolders(folder)).filter((each) => {
    if (classes.labels.has(each)) return true;
    if (classes.ignoreOthers === true) return false;
    throw fault(folder, `holds the folder ${each}, which is none of the classes of ${name}`);
  });
  const files: { readonly path: string; readonly labels: readonly number[] }[] = [];
  for (let first = 0; first < names.length; first += FOLDERS_AT_ONCE) {
    const some = names.slice(first, first + FOLDERS_AT_ONCE);
    const listed = await Promise.all(some.map((each) => picturesIn(join(folder, each))));
    for (const [i, paths] of listed.entries()) {
      const labels = classes.labels.get(some[i] ?? "") ?? [];
      files.push(...paths.map((path) => ({ path, labels })));
    }
  }
  if (files.length === 0) throw fault(folder, "holds no class folders with JPEG or PNG files");
  return {
    name,
    role,
    examples: files.length,
    ...(classes.allowed === undefined ? {} : { classes: classes.allowed }),
    read: async function* (): AsyncGenerator<Example> {
      for (const { path, labels } of files) {
        const picture = await readPicture(path);
        yield { input: adjust?.(picture) ?? picture, labels };
      }
    },
  };
}

/** Whether a folder has a picture directly in it: then it is a class. */
export async function isClassFolder(folder: string): Promise<boolean> {
  return (await picturesIn(folder)).length > 0;
}

async function picturesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  const foreign = names.find((name) => FOREIGN.has(extname(name).toLowerCase()));
  if (foreign !== undefined)
    throw fault(
      join(folder, foreign),
      "is a picture in a format that is not read; convert it to JPEG or PNG",
    );
  return names.filter((name) => READABLE.has(extname(name).toLowerCase())).map((name) => join(folder, name));
}

function fault(where: string, what: string): EvaluateError {
  return new EvaluateError("EVALUATE_DATA", `${where} ${what}`, {
    where,
    hint: "docs/evaluate.md says how pictures lie in a data folder.",
  });
}
