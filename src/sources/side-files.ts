import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { readText, statPath, unreadable } from "./file.ts";
import { insideOf } from "./links.ts";
import { MAX_MODULE_WEIGHTS_BYTES, moduleFolders, MODULES_NAME } from "./module-folders.ts";
import type { ModelHeaders } from "./types.ts";

/** Repositories have tens; a folder with more is a training run or a data set rather than a model. */
const MAX_SIDE_FILES = 1000;

/** Weights of any framework. */
export const WEIGHT_FILE =
  /\.(?:safetensors|bin|pth?|ckpt|pkl|gguf|ggml|h5|msgpack|onnx(?:_data)?|ot|npz|tflite|pdparams)$/i;
export const WEIGHT_INDEX = /\.index(?:\.[\w-]+)?\.json$/i;

/** What the output has of its own, read apart (config.json) or written anew. */
const OWN_FILES = ["config.json", "readme.md", "mergekit_config.yml", "stockpot.lock.json"];

/** False for what the Hub's and other tools keep beside a model, and for Meta's own layout of the same weights. */
export function isModelFolder(name: string): boolean {
  return !name.startsWith(".") && name !== "original";
}

/** Names (POSIX) of the files directly in a folder and one level below; `.git`, `.cache` and their like left out. */
export async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const { name, isFolder } of await list(folder)) {
    if (!isFolder) files.push(name);
    else if (isModelFolder(name)) {
      for (const below of await list(join(folder, name))) {
        if (!below.isFolder) files.push(`${name}/${below.name}`);
      }
    }
  }
  return files.sort();
}

/** What the output takes over from a folder, and what it does not though it belongs there. */
export interface SideFiles {
  readonly files: ModelHeaders["sideFiles"];
  readonly leftOut: readonly Problem[];
}

/** The small files among a folder's, with their lengths; broken links and pipes are none. */
export async function sideFilesOf(folder: string, names: readonly string[]): Promise<SideFiles> {
  const stays = await insideOf(folder);
  const readable = names.includes(MODULES_NAME) && !(await stays(MODULES_NAME)) ? [] : names;
  const modules = await moduleFolders(readable, async (name, maxBytes) => ({
    text: await readText(join(folder, name), maxBytes),
    label: join(folder, name),
  }));
  const sideNames = sideNamesOf(folder, names, modules);
  const found = await Promise.all(
    sideNames.map(async (name) => {
      const stats = await statPath(join(folder, name));
      if (stats === undefined || stats.isFIFO()) return {};
      if (!(await stays(name))) return { leftOut: leadsAway(folder, name) };
      if (!stats.isFile()) return {};
      if (WEIGHT_FILE.test(name) && stats.size > MAX_MODULE_WEIGHTS_BYTES)
        return { leftOut: tooLarge(folder, name, stats.size) };
      return { file: { name, byteLength: stats.size } };
    }),
  );
  return {
    files: found.flatMap(({ file }) => file ?? []),
    leftOut: found.flatMap(({ leftOut }) => leftOut ?? []),
  };
}

/** The names of the small files among a model's; `where` is for messages. */
export function sideNamesOf(
  where: string,
  names: readonly string[],
  modules: ReadonlySet<string>,
): readonly string[] {
  const sideNames = names.filter((name) => isSideFile(name, modules));
  if (sideNames.length <= MAX_SIDE_FILES) return sideNames;
  const message = `${where} holds ${sideNames.length} files beside the weights; at most ${MAX_SIDE_FILES} are carried`;
  const hint = "Move what is not part of the model to another folder.";
  throw new SourceError("SOURCE_TOO_MANY_FILES", message, { where, hint });
}

function isSideFile(name: string, modules: ReadonlySet<string>): boolean {
  const lower = name.toLowerCase();
  if (OWN_FILES.includes(lower) || lower.startsWith("consolidated")) return false;
  // Left by an interrupted merge.
  if (lower.startsWith(".stockpot-")) return false;
  if (modules.has(name.slice(0, name.indexOf("/")))) return true;
  return !WEIGHT_FILE.test(name) && !WEIGHT_INDEX.test(name);
}

const leftOut = (message: string, hint: string): Problem => {
  return { code: "SOURCE_LEFT_OUT", severity: "warning", message, hint };
};

function leadsAway(folder: string, name: string): Problem {
  const message = `${join(folder, name)} is a link that leads out of the model's folder: the output will not have it`;
  return leftOut(message, "If it belongs to the model, put a copy in the place of the link.");
}

function tooLarge(folder: string, name: string, byteLength: number): Problem {
  const size = `${byteLength} bytes; at most ${MAX_MODULE_WEIGHTS_BYTES} are carried along`;
  const message = `${join(folder, name)} has ${size}: the output will not have it`;
  return leftOut(message, "Merge these weights by a recipe of their own, or copy them.");
}

async function list(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    throw unreadable(folder, error);
  }
}
