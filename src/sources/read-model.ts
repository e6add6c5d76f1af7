import { basename, dirname, join } from "node:path";
import { FormatError, isMergeError, SourceError } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import { MAX_HEADER_BYTES } from "../safetensors/header.ts";
import { parseShardIndex } from "../safetensors/shard-index.ts";
import type { ShardIndex } from "../safetensors/shard-index.ts";
import { chooseFile, chooseWeights } from "./choose-weights.ts";
import type { WeightChoice, WeightFormat } from "./choose-weights.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "./config.ts";
import { readHeader, readPyTorch, readText, statPath } from "./file.ts";
import type { ReadFile } from "./file.ts";
import { insideOf } from "./links.ts";
import type { Location } from "./locate.ts";
import { listFiles, sideFilesOf } from "./side-files.ts";
import type { JsonObject, ModelHeaders, TensorHeader } from "./types.ts";

/** Open files at a time: well below any limit of the system, above what its threads can serve. */
const FILES_AT_ONCE = 16;
/** Names listed in a message about many tensors. */
const NAMES_SHOWN = 3;

/** Takes note of a problem, so that reading goes on and finds the others. */
export type Report = (problem: MergeError) => void;

/** Reads all that is known of a model without its weights; what cannot be read is reported and left out. */
export async function readModel(
  reference: string,
  location: Location,
  report: Report,
): Promise<ModelHeaders> {
  const isFolder = location.kind === "folder";
  const folder = isFolder ? location.path : dirname(location.path);
  const names = isFolder ? ((await attempt(report, () => listFiles(folder))) ?? []) : [];
  const choice = await attempt(report, () =>
    isFolder ? chooseWeights(folder, names) : chooseFile(location.path, basename(location.path)),
  );
  const read = choice === undefined ? [] : await readWeights(folder, choice, report);
  const warnings = read.flatMap((file) => file.warnings);
  const config = names.includes("config.json") ? await attempt(report, () => readConfig(folder)) : undefined;
  const side = await attempt(report, () => sideFilesOf(folder, names));
  return {
    reference,
    location: location.path,
    files: read.map(({ file }) => file),
    tensors: joinTensors(read, choice !== undefined && "files" in choice ? report : () => undefined),
    metadata: read[0]?.metadata ?? {},
    config,
    sideFiles: side?.files ?? [],
    ...(side === undefined || side.leftOut.length === 0 ? {} : { leftOut: side.leftOut }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

async function attempt<T>(report: Report, action: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!isMergeError(error)) throw error;
    report(error);
    return undefined;
  }
}

async function readConfig(folder: string): Promise<JsonObject> {
  const path = join(folder, "config.json");
  const stays = await insideOf(folder);
  if (!(await stays("config.json"))) {
    const message = `${path} is a link that leads out of the model's folder`;
    const hint = "The output takes it over: put a copy in the place of the link.";
    throw new SourceError("SOURCE_CONFIG", message, { where: path, hint });
  }
  return parseConfig(await readText(path, MAX_CONFIG_BYTES), path);
}

async function readWeights(folder: string, choice: WeightChoice, report: Report): Promise<ReadFile[]> {
  if ("files" in choice) return await readFiles(folder, choice.files, choice.format, report);
  const path = join(folder, choice.index);
  const index = await attempt(report, async () =>
    parseShardIndex(await readText(path, MAX_HEADER_BYTES), path),
  );
  if (index === undefined) return [];
  const present: string[] = [];
  for (const [shard, { length }] of index.shards) {
    const stats = await attempt(report, async () => (await statPath(join(folder, shard))) ?? "missing");
    if (stats === "missing") report(missingShard(path, shard, length, index.weightMap.size));
    else if (stats !== undefined) present.push(shard);
  }
  const read = await readFiles(folder, present, choice.format, report);
  for (const problem of read.flatMap((one) => disagreements(path, index, one))) report(problem);
  return read;
}

async function readFiles(
  folder: string,
  names: readonly string[],
  format: WeightFormat,
  report: Report,
): Promise<ReadFile[]> {
  const readFile = format === "pytorch" ? readPyTorch : readHeader;
  const read: ReadFile[] = [];
  for (let first = 0; first < names.length; first += FILES_AT_ONCE) {
    const batch = names.slice(first, first + FILES_AT_ONCE);
    const files = await Promise.all(
      batch.map((name) => attempt(report, () => readFile(name, join(folder, name)))),
    );
    read.push(...files.filter((file) => file !== undefined));
  }
  return read;
}

function missingShard(path: string, shard: string, count: number, total: number): FormatError {
  const message = `${path}: shard ${shard}, with ${count} of ${total} tensors, is missing`;
  const hint = "The download or copy was not complete: fetch the file, or the whole model, again.";
  return new FormatError("FORMAT_INDEX_SHARD", message, { where: path, hint });
}

/** Both ways: what the index places in a shard must be there, and nothing else. */
function disagreements(
  path: string,
  { weightMap, shards }: ShardIndex,
  { file, tensors }: ReadFile,
): FormatError[] {
  const stored = new Set(tensors.map(({ name }) => name));
  const absent = (shards.get(file.name) ?? []).filter((name) => !stored.has(name));
  const extra = [...stored].filter((name) => weightMap.get(name) !== file.name);
  const problem = (names: string[], what: string) =>
    new FormatError("FORMAT_INDEX_MISMATCH", `${path}: tensor ${listNames(names)} ${what}`, { where: path });
  return [
    ...(absent.length > 0 ? [problem(absent, `should be in ${file.name} and is not`)] : []),
    ...(extra.length > 0 ? [problem(extra, `is in ${file.name}, where the index has it not`)] : []),
  ];
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
  const more = names.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` (and ${more} more)` : ""}`;
}

function joinTensors(read: readonly ReadFile[], report: Report): Map<string, TensorHeader> {
  const tensors = new Map<string, TensorHeader>();
  for (const [at, { file, tensors: stored }] of read.entries()) {
    for (const tensor of stored) {
      const other = tensors.get(tensor.name);
      if (other === undefined) {
        tensors.set(tensor.name, { ...tensor, file: at });
        continue;
      }
      report(duplicate(tensor.name, file.path, read[other.file]?.file.name ?? ""));
      break;
    }
  }
  return tensors;
}

function duplicate(name: string, path: string, other: string): FormatError {
  const message = `${path}: tensor ${JSON.stringify(name)} is also in ${other}, and no index says which is the model's`;
  const hint = "Name one of the files, by its path, as the model.";
  return new FormatError("FORMAT_DUPLICATE_NAME", message, { where: path, hint });
}
