import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { EvaluateError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { statPath } from "../sources/file.ts";
import { isClassFolder, openFolderSplit, subfolders } from "./image-folder.ts";
import { absentSet, findSet, IMAGENET_SETS } from "./imagenet.ts";
import { openTensorSplit, roleOf } from "./tensor-split.ts";
import type { FolderClasses } from "./image-folder.ts";
import type { Split } from "./types.ts";

/** A split that is there, not yet opened. */
interface Found {
  readonly name: string;
  readonly open: () => Promise<Split>;
}

/** Is there to train on, and evaluated only if it is asked for by name. */
const TRAINING = /^train(?:ing)?$/;

/**
 * The splits of a data folder, those named or all but the training set: safetensors files, ImageNet and its shifts by
 * the names of their folders, or other folders of class folders. Files are listed, no picture is read yet.
 */
export async function openData(folder: string, names: readonly string[] = []): Promise<Split[]> {
  if ((await statPath(folder))?.isDirectory() !== true) throw fault(folder, "is not a folder that is there");
  const found = [...(await tensorSplits(folder)), ...(await imagenetSplits(folder))];
  const all = found.length > 0 ? found : await folderSplits(folder);
  if (all.length === 0)
    throw fault(folder, "holds no data: no safetensors files, no folders of class folders with pictures");
  const chosen =
    names.length === 0
      ? all.filter(({ name }) => !TRAINING.test(name))
      : names.map((name) => choose(folder, all, name));
  const splits: Split[] = [];
  for (const { open } of chosen) splits.push(await open());
  return splits;
}

function choose(folder: string, all: readonly Found[], name: string): Found {
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = IMAGENET_SETS.find((each) => each.name === name);
  if (known !== undefined) throw absentSet(known, folder);
  const present = all.map((each) => each.name);
  const nearest = nearestName(name, present);
  const hint = nearest === undefined ? `It has ${present.join(", ")}.` : `Did you mean "${nearest}"?`;
  throw new EvaluateError("EVALUATE_DATA", `${folder} has no split "${name}"`, { where: folder, hint });
}

async function tensorSplits(folder: string): Promise<Found[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".safetensors")).sort();
  return files.map((file) => ({
    name: basename(file, ".safetensors"),
    open: () => openTensorSplit(folder, file),
  }));
}

async function imagenetSplits(folder: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const set of IMAGENET_SETS) {
    const path = await findSet(set, folder);
    if (path !== undefined) found.push({ name: set.name, open: () => set.open(set.name, path) });
  }
  return found;
}

/** Folders of class folders, or a folder that is one itself. A class has one number in all of them: its place by name. */
async function folderSplits(folder: string): Promise<Found[]> {
  const sets: { readonly name: string; readonly path: string; readonly classes: readonly string[] }[] = [];
  const names = await subfolders(folder);
  const isSet = names[0] !== undefined && (await isClassFolder(join(folder, names[0])));
  if (isSet) sets.push({ name: basename(resolve(folder)), path: folder, classes: names });
  else {
    for (const name of names) {
      const classes = await subfolders(join(folder, name));
      if (classes.length > 0) sets.push({ name, path: join(folder, name), classes });
    }
  }
  const all = [...new Set(sets.flatMap(({ classes }) => classes))].sort();
  return sets.map(({ name, path, classes }) => ({
    name,
    open: () => openFolderSplit({ name, role: roleOf(name), folder: path, classes: classesOf(classes, all) }),
  }));
}

function classesOf(own: readonly string[], all: readonly string[]): FolderClasses {
  const places = own.map((name) => all.indexOf(name));
  return {
    labels: new Map(own.map((name, i) => [name, [places[i] ?? 0]])),
    ...(own.length === all.length ? {} : { allowed: places }),
  };
}

function fault(folder: string, what: string): EvaluateError {
  return new EvaluateError("EVALUATE_DATA", `${folder} ${what}`, {
    where: folder,
    hint: "docs/evaluate.md says what a data folder holds.",
  });
}
