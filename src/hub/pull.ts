import { stat } from "node:fs/promises";
import { SourceError } from "../errors.ts";
import { freeBytes } from "../sink/directory.ts";
import type { HubFile, HubOrigin } from "../sources/types.ts";
import { blobPath, PARTIAL_SUFFIX, repositoryFolder, writeRef } from "./cache-layout.ts";
import type { HubSettings } from "./environment.ts";
import { fetchFiles } from "./fetch-files.ts";
import type { FetchOptions } from "./fetch-files.ts";
import { HubTransport } from "./transport.ts";

/** Of a block on disk, whatever the file system's own are. */
const STAT_BLOCK_BYTES = 512;

/**
 * Brings the missing files of models into the cache, and notes then what their revisions stand for. Throws a SourceError,
 * before anything moves if there is not enough space.
 */
export async function fetchModels(
  settings: HubSettings,
  origins: readonly HubOrigin[],
  options: FetchOptions = {},
): Promise<void> {
  const { cacheFolder } = settings;
  await checkSpace(cacheFolder, origins);
  const wanted = origins.map((repository) => ({ repository, files: missingOf(repository) }));
  await fetchFiles(new HubTransport(settings), wanted, options);
  for (const { repository, revision, commit } of origins)
    await writeRef(repositoryFolder(cacheFolder, repository), revision, commit);
}

function missingOf({ files, missing }: HubOrigin): HubFile[] {
  const names = new Set(missing);
  return files.filter(({ name }) => names.has(name));
}

async function checkSpace(cacheFolder: string, origins: readonly HubOrigin[]): Promise<void> {
  const needed = await neededBytes(cacheFolder, origins);
  const free = await freeBytes(cacheFolder);
  if (free === undefined || free >= needed) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  const names = origins.map(({ repository }) => repository).join(", ");
  throw new SourceError(
    "HUB_DISK_SPACE",
    `${names} need ${megabytes(needed)} more, but only ${megabytes(free)} are free at ${cacheFolder}`,
    {
      where: cacheFolder,
      hint: "Free some space, or choose a cache on another disk with HF_HUB_CACHE. Nothing was downloaded.",
    },
  );
}

/** Bytes that have to come yet, without those of downloads that broke off. */
async function neededBytes(cacheFolder: string, origins: readonly HubOrigin[]): Promise<number> {
  let bytes = 0;
  for (const origin of origins) {
    const folder = repositoryFolder(cacheFolder, origin.repository);
    for (const { hash, byteLength } of missingOf(origin)) {
      const partial = await stat(blobPath(folder, hash) + PARTIAL_SUFFIX).catch(() => undefined);
      // The file has its full length from the start; its blocks are those that were written.
      const arrived = (partial?.blocks ?? 0) * STAT_BLOCK_BYTES;
      bytes += Math.max(0, byteLength - arrived);
    }
  }
  return bytes;
}
