import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../errors.ts";
import { statPath, unreadable } from "./file.ts";
import type { ModelHeaders } from "./types.ts";

/** Repositories have tens; a folder with more is a training run or a data set rather than a model. */
const MAX_SIDE_FILES = 1000;

/** Weights of any framework. */
export const WEIGHT_FILE =
  /\.(?:safetensors|bin|pth?|ckpt|pkl|gguf|ggml|h5|msgpack|onnx(?:_data)?|ot|npz|tflite|pdparams)$/i;
const WEIGHT_INDEX = /\.index(?:\.[\w-]+)?\.json$/i;

/** What the output has of its own, read apart (config.json) or written anew. */
const OWN_FILES = ["config.json", "readme.md", "mergekit_config.yml"];

/** Names (POSIX) of the files directly in a folder and one level below; `.git`, `.cache` and their like left out. */
export async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const { name, isFolder } of await list(folder)) {
    if (!isFolder) files.push(name);
    else if (!name.startsWith(".") && name !== "original") {
      for (const below of await list(join(folder, name))) {
        if (!below.isFolder) files.push(`${name}/${below.name}`);
      }
    }
  }
  return files.sort();
}

/** The small files among a folder's, with their lengths; broken links and pipes are none. */
export async function sideFilesOf(
  folder: string,
  names: readonly string[],
): Promise<ModelHeaders["sideFiles"]> {
  const sideNames = names.filter(isSideFile);
  if (sideNames.length > MAX_SIDE_FILES) {
    const message = `${folder} holds ${sideNames.length} files beside the weights; at most ${MAX_SIDE_FILES} are carried`;
    const hint = "Move what is not part of the model to another folder.";
    throw new SourceError("SOURCE_TOO_MANY_FILES", message, { where: folder, hint });
  }
  const found = await Promise.all(
    sideNames.map(async (name) => ({ name, stats: await statPath(join(folder, name)) })),
  );
  return found.flatMap(({ name, stats }) => (stats?.isFile() ? [{ name, byteLength: stats.size }] : []));
}

function isSideFile(name: string): boolean {
  const lower = name.toLowerCase();
  if (OWN_FILES.includes(lower) || lower.startsWith("consolidated")) return false;
  // Left by an interrupted merge.
  if (lower.startsWith(".stockpot-")) return false;
  return !WEIGHT_FILE.test(name) && !WEIGHT_INDEX.test(name);
}

async function list(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    throw unreadable(folder, error);
  }
}
