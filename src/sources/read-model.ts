import { basename, dirname } from "node:path";
import { FormatError, isMergeError, SourceError } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import { MAX_HEADER_BYTES } from "../safetensors/header.ts";
import { parseShardIndex } from "../safetensors/shard-index.ts";
import type { ShardIndex } from "../safetensors/shard-index.ts";
import { chooseFile, chooseWeights } from "./choose-weights.ts";
import type { WeightChoice, WeightFormat } from "./choose-weights.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "./config.ts";
import { checkpointOf, headerOf } from "./file.ts";
import type { ReadFile } from "./file.ts";
import type { Location } from "./locate.ts";
import { DiskStore } from "./store.ts";
import type { ModelStore } from "./store.ts";
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
  if (location.kind === "folder") return await readStore(reference, new DiskStore(location.path), report);
  const store = new DiskStore(dirname(location.path));
  const choice = await attempt(report, () => chooseFile(location.path, basename(location.path)));
  return { ...(await readChoice(reference, store, choice, [], report)), location: location.path };
}

/** The same of a model that may be elsewhere. */
export async function readStore(reference: string, store: ModelStore, report: Report): Promise<ModelHeaders> {
  const names = (await attempt(report, () => store.list())) ?? [];
  const choice = await attempt(report, () => chooseWeights(store.label(), names));
  return await readChoice(reference, store, choice, names, report);
}

async function readChoice(
  reference: string,
  store: ModelStore,
  choice: WeightChoice | undefined,
  names: readonly string[],
  report: Report,
): Promise<ModelHeaders> {
  const read = choice === undefined ? [] : await readWeights(store, choice, report);
  const warnings = read.flatMap((file) => file.warnings);
  const config = names.includes("config.json") ? await attempt(report, () => readConfig(store)) : undefined;
  const side = await attempt(report, () => store.sideFiles(names));
  return {
    reference,
    location: store.folder,
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

async function readConfig(store: ModelStore): Promise<JsonObject> {
  const where = store.label("config.json");
  if (!(await store.stays("config.json"))) {
    const message = `${where} is a link that leads out of the model's folder`;
    const hint = "The output takes it over: put a copy in the place of the link.";
    throw new SourceError("SOURCE_CONFIG", message, { where, hint });
  }
  return parseConfig(await store.readText("config.json", MAX_CONFIG_BYTES), where);
}

async function readWeights(store: ModelStore, choice: WeightChoice, report: Report): Promise<ReadFile[]> {
  if ("files" in choice) return await readFiles(store, choice.files, choice.format, report);
  const label = store.label(choice.index);
  const index = await attempt(report, async () =>
    parseShardIndex(await store.readText(choice.index, MAX_HEADER_BYTES), label),
  );
  if (index === undefined) return [];
  const present: string[] = [];
  for (const [shard, { length }] of index.shards) {
    const isThere = await attempt(report, () => store.isThere(shard));
    if (isThere === false) report(missingShard(label, shard, length, index.weightMap.size));
    else if (isThere === true) present.push(shard);
  }
  const read = await readFiles(store, present, choice.format, report);
  for (const problem of read.flatMap((one) => disagreements(label, index, one))) report(problem);
  return read;
}

async function readFiles(
  store: ModelStore,
  names: readonly string[],
  format: WeightFormat,
  report: Report,
): Promise<ReadFile[]> {
  const readFile = format === "pytorch" ? checkpointOf : headerOf;
  const readOne = async (name: string) =>
    await attempt(report, () => store.withBytes(name, (bytes) => readFile(name, bytes)));
  const read: ReadFile[] = [];
  for (let first = 0; first < names.length; first += FILES_AT_ONCE) {
    const files = await Promise.all(names.slice(first, first + FILES_AT_ONCE).map(readOne));
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
