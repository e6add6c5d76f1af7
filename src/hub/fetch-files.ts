import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import {
  blobPath,
  cachedLength,
  checkedName,
  inCache,
  linkSnapshot,
  lockPath,
  makeFolder,
  repositoryFolder,
  snapshotPath,
} from "./cache-layout.ts";
import { lock, tryLock } from "./cache-lock.ts";
import type { HubFile } from "../sources/types.ts";
import type { Repository } from "./client.ts";
import { BlockPool } from "./block-writer.ts";
import { downloadBlob } from "./download-blob.ts";
import { subjectText } from "./failures.ts";
import { reuseBlob } from "./reuse-blob.ts";
import { RemoteFile } from "./remote-file.ts";
import { forEachOf, Slots } from "./slots.ts";
import type { HubTransport } from "./transport.ts";

/** Large files in progress at a time; each takes all connections that are free. */
const LARGE_FILES_AT_ONCE = 2;

/** Bytes of all files that were missing at the start. */
export interface DownloadProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Called for each file that has come, or that another process brought. */
  readonly onFile?: ((file: HubFile) => void) | undefined;
  /** Called for each file that another process is at, when nothing is left to do but to wait for it. */
  readonly onWait?: ((file: HubFile) => void) | undefined;
}

/** Files of one repository. */
export interface Wanted {
  readonly repository: Repository;
  readonly files: readonly HubFile[];
}

interface Item {
  readonly repository: Repository;
  readonly file: HubFile;
}

/** The files of which the cache has not all bytes under their name in the snapshot. */
export async function missingFiles(cacheFolder: string, { repository, files }: Wanted): Promise<HubFile[]> {
  const folder = repositoryFolder(cacheFolder, repository.repository);
  const missing: HubFile[] = [];
  for (const file of files) {
    const path = snapshotPath(folder, repository.commit, checkedName(file.name));
    if ((await cachedLength(cacheFolder, path)) !== file.byteLength) missing.push(file);
  }
  return missing;
}

/**
 * Brings files into the cache. Each content is downloaded once, whoever wants it: what another process is at is left to
 * it as long as there is other work. Throws a SourceError; what has arrived by then is kept.
 */
export async function fetchFiles(
  transport: HubTransport,
  wanted: readonly Wanted[],
  options: FetchOptions = {},
): Promise<void> {
  const { cacheFolder } = transport.settings;
  const items: Item[] = [];
  for (const each of wanted) {
    for (const file of await missingFiles(cacheFolder, each))
      items.push({ repository: each.repository, file });
  }
  const fetcher = new Fetcher(transport, items, options);
  const { chunkBytes, connections } = transport.limits;
  // Models of one family have files in common: the first that comes serves all.
  const hashes = [...new Set(items.map(({ file }) => file.hash))];
  const groups = hashes.map((hash) => items.filter(({ file }) => file.hash === hash));
  const isSmall = ([first]: readonly Item[]) => first !== undefined && first.file.byteLength <= chunkBytes;
  const small = groups.filter(isSmall);
  const large = groups.filter((group) => !isSmall(group));
  await fetcher.fetchAll(small, connections);
  await fetcher.fetchAll(large, LARGE_FILES_AT_ONCE);
}

class Fetcher {
  readonly #transport: HubTransport;
  readonly #options: FetchOptions;
  readonly #slots: Slots;
  readonly #blocks = new BlockPool();
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(transport: HubTransport, items: readonly Item[], options: FetchOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#slots = new Slots(transport.limits.connections);
    this.#totalBytes = items.reduce((sum, { file }) => sum + file.byteLength, 0);
    this.#report(0);
  }

  /** Fetches groups of files of one content each. */
  async fetchAll(groups: readonly (readonly Item[])[], atOnce: number): Promise<void> {
    const { limits } = this.#transport;
    const busy: Item[] = [];
    await forEachOf(groups, atOnce, async (group) => {
      for (const item of group) {
        const release = await tryLock(this.#lockOf(item), limits);
        if (release === undefined) busy.push(item);
        else await this.#fetch(item, release);
      }
    });
    await forEachOf(busy, atOnce, async (item) => {
      this.#options.onWait?.(item.file);
      await this.#fetch(item, await lock(this.#lockOf(item), limits, this.#options.signal));
    });
  }

  async #fetch({ repository, file }: Item, release: () => Promise<void>): Promise<void> {
    const { cacheFolder, symlinks } = this.#transport.settings;
    const folder = repositoryFolder(cacheFolder, repository.repository);
    const path = blobPath(folder, file.hash);
    let counted = 0;
    const of = subjectText({ ...repository, file: file.name });
    const bring = async () => {
      await mkdir(cacheFolder, { recursive: true });
      await makeFolder(folder, dirname(path));
      // Another process, another name or another model may have brought it.
      const stats = await stat(path).catch(() => undefined);
      if (stats?.size !== file.byteLength && !(await reuseBlob(cacheFolder, path, file))) {
        const remote = new RemoteFile(this.#transport, repository, file);
        const onBytes = (count: number) => {
          counted += count;
          this.#report(count);
        };
        await downloadBlob(remote, path, {
          slots: this.#slots,
          blocks: this.#blocks,
          signal: this.#options.signal,
          onBytes,
        });
      }
      await linkSnapshot(folder, repository.commit, file.name, file.hash, symlinks);
    };
    try {
      await inCache(path, bring, of);
    } finally {
      await release();
    }
    this.#report(file.byteLength - counted);
    this.#options.onFile?.(file);
  }

  #report(count: number): void {
    this.#doneBytes += count;
    const doneBytes = Math.min(this.#doneBytes, this.#totalBytes);
    this.#options.onProgress?.({ doneBytes, totalBytes: this.#totalBytes });
  }

  #lockOf({ repository, file }: Item): string {
    return lockPath(this.#transport.settings.cacheFolder, repository.repository, file.hash);
  }
}
