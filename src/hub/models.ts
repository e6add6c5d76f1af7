import { readlink } from "node:fs/promises";
import { basename } from "node:path";
import { isMergeError } from "../errors.ts";
import type { MergeError, Problem, SourceError } from "../errors.ts";
import type { ModelHub, OpenedFiles } from "../sources/locate.ts";
import { readModel, readStore } from "../sources/read-model.ts";
import { DiskStore } from "../sources/store.ts";
import type { ModelStore } from "../sources/store.ts";
import { referenceText } from "../sources/types.ts";
import type { HubFile, HubOrigin, ModelHeaders, ModelReference } from "../sources/types.ts";
import {
  cachedCommit,
  cachedLength,
  repositoryFolder,
  snapshotFolder,
  snapshotNames,
  snapshotPath,
} from "./cache-layout.ts";
import { openRepository } from "./client.ts";
import type { Repository } from "./client.ts";
import type { HubSettings } from "./environment.ts";
import { hubError } from "./failures.ts";
import { missingFiles } from "./fetch-files.ts";
import { HubStore } from "./hub-store.ts";
import { TRANSFER_LIMITS } from "./limits.ts";
import { DEFAULT_REVISION, isRepositoryName, repositoryText, whyNoRevision } from "./repository.ts";
import type { RepositoryReference } from "./repository.ts";
import { HubTransport } from "./transport.ts";

/** Attempts to ask for a model: whoever has no network wants to know it soon, and sooner where the cache will do. */
const ATTEMPTS_TO_ASK = 4;
const ATTEMPTS_BEFORE_CACHE = 2;

type Report = (problem: MergeError) => void;

/** A repository as the cache has it. */
interface CachedCommit extends RepositoryReference {
  readonly commit: string;
  /** Why the Hub itself did not tell, if it should have. */
  readonly cause?: MergeError;
}

/** The Hub as a place that models are opened from; `pins` are commits by the names of models in a recipe. */
export function modelHub(
  settings: HubSettings,
  signal?: AbortSignal,
  pins: ReadonlyMap<string, string> = new Map(),
): ModelHub {
  return new HubModels(settings, signal, pins);
}

/** Models by their names at the Hub; planning needs their headers only, and gets them by ranges. */
class HubModels implements ModelHub {
  readonly place: string;
  readonly #settings: HubSettings;
  readonly #signal: AbortSignal | undefined;
  readonly #pins: ReadonlyMap<string, string>;

  constructor(settings: HubSettings, signal: AbortSignal | undefined, pins: ReadonlyMap<string, string>) {
    this.#settings = settings;
    this.#signal = signal;
    this.#pins = pins;
    this.place = settings.offline ? `the cache ${settings.cacheFolder}` : new URL(settings.endpoint).host;
  }

  isName(path: string): boolean {
    return isRepositoryName(path);
  }

  async open(reference: ModelReference, report: Report): Promise<ModelHeaders> {
    const found = await this.#find(reference);
    if ("files" in found) return await this.#openRemote(reference, found, report);
    const headers = await this.#openCached(reference, found, report);
    const { cause } = found;
    if (cause === undefined) return headers;
    return { ...headers, warnings: [...(headers.warnings ?? []), unreachedWarning(found, cause)] };
  }

  async openFiles<T>(
    reference: ModelReference,
    read: (store: ModelStore) => Promise<T>,
  ): Promise<OpenedFiles<T>> {
    const found = await this.#find(reference);
    if ("files" in found) {
      const store = new HubStore(this.#transport(), found, this.#signal);
      const absent = await this.#absent(found, store);
      return {
        read: await read(store),
        folder: store.folder,
        originOf: (names) => remoteOrigin(found, store, names, absent),
        warnings: [],
      };
    }
    const { repository, commit, cause } = found;
    const { cacheFolder } = this.#settings;
    const folder = repositoryFolder(cacheFolder, repository);
    const store = new DiskStore(snapshotFolder(folder, commit));
    const files = await cachedFiles(cacheFolder, folder, commit);
    try {
      return {
        read: await read(store),
        folder: store.folder,
        originOf: (names) => ({
          ...originOf(found),
          files: files.filter(({ name }) => names.includes(name)),
          missing: [],
        }),
        warnings: cause === undefined ? [] : [unreachedWarning(found, cause)],
      };
    } catch (error) {
      throw isMergeError(error) ? incomplete(found, error) : error;
    }
  }

  /** The repository as the Hub has it or, where only the cache may or can be asked, the commit that is there. */
  async #find(reference: ModelReference): Promise<Repository | CachedCommit> {
    const pinned = this.#pins.get(referenceText(reference));
    const wanted = { repository: reference.path, revision: pinned ?? reference.revision ?? DEFAULT_REVISION };
    const fault = whyNoRevision(wanted.revision);
    if (fault !== undefined) {
      const message = `The revision ${JSON.stringify(wanted.revision)} of ${wanted.repository} ${fault}`;
      throw hubError("HUB_REVISION", wanted, message, "Name a branch, a tag or a commit.");
    }
    const folder = repositoryFolder(this.#settings.cacheFolder, wanted.repository);
    const cached = await cachedCommit(folder, wanted.revision);
    if (this.#settings.offline) {
      if (cached === undefined) throw notCached(wanted);
      return { ...wanted, commit: cached };
    }
    const transport = this.#transport(cached === undefined ? ATTEMPTS_TO_ASK : ATTEMPTS_BEFORE_CACHE);
    try {
      return await openRepository(transport, wanted, this.#signal);
    } catch (error) {
      if (cached === undefined || !isMergeError(error, "HUB_UNREACHABLE")) throw error;
      return { ...wanted, commit: cached, cause: error };
    }
  }

  #transport(mostAttempts = Infinity): HubTransport {
    const { limits } = this.#settings;
    const attempts = Math.min(mostAttempts, limits?.attempts ?? TRANSFER_LIMITS.attempts);
    return new HubTransport({ ...this.#settings, limits: { ...limits, attempts } });
  }

  async #openRemote(
    reference: ModelReference,
    repository: Repository,
    report: Report,
  ): Promise<ModelHeaders> {
    const store = new HubStore(this.#transport(), repository, this.#signal);
    const absent = await this.#absent(repository, store);
    const headers = await readStore(referenceText(reference), store, report);
    const needed = [...headers.files, ...headers.sideFiles, ...store.smallFiles()];
    const names = [...new Set(needed.map(({ name }) => name))];
    return { ...headers, hub: remoteOrigin(repository, store, names, absent) };
  }

  /** Names of files that are not in the cache; to be asked before anything is read, since reading brings small files. */
  async #absent(repository: Repository, store: HubStore): Promise<ReadonlySet<string>> {
    const all = { repository, files: store.filesOf(await store.list()) };
    return new Set((await missingFiles(this.#settings.cacheFolder, all)).map(({ name }) => name));
  }

  async #openCached(reference: ModelReference, found: CachedCommit, report: Report): Promise<ModelHeaders> {
    const { cacheFolder } = this.#settings;
    const { commit } = found;
    const folder = repositoryFolder(cacheFolder, found.repository);
    const errors: MergeError[] = [];
    const location = { path: snapshotFolder(folder, commit), kind: "folder" } as const;
    const headers = await readModel(referenceText(reference), location, (error) => errors.push(error));
    const [first] = errors;
    if (first !== undefined) report(incomplete(found, first));
    const files = await cachedFiles(cacheFolder, folder, commit);
    return { ...headers, hub: { ...originOf(found), files, missing: [] } };
  }
}

const originOf = ({
  repository,
  revision,
  commit,
}: Omit<Repository, "files">): Omit<HubOrigin, "files" | "missing"> => ({
  repository,
  revision,
  commit,
});

function remoteOrigin(
  repository: Repository,
  store: HubStore,
  names: readonly string[],
  absent: ReadonlySet<string>,
): HubOrigin {
  const missing = names.filter((name) => absent.has(name));
  return { ...originOf(repository), files: store.filesOf(names), missing };
}

const pullOf = (wanted: RepositoryReference) => `"stockpot pull ${repositoryText(wanted)}"`;

function notCached(wanted: RepositoryReference): SourceError {
  const message = `${repositoryText(wanted)} is not in the cache, and the network must not be asked`;
  const hint = `Run ${pullOf(wanted)} where there is a network, or leave out --offline and HF_HUB_OFFLINE.`;
  return hubError("HUB_OFFLINE", wanted, message, hint);
}

function incomplete(wanted: RepositoryReference, cause: MergeError): SourceError {
  const message = `What the cache has of ${repositoryText(wanted)} is no whole model: ${cause.message}`;
  return hubError("HUB_OFFLINE", wanted, message, `Run ${pullOf(wanted)} where there is a network.`, cause);
}

function unreachedWarning(wanted: CachedCommit, cause: MergeError): Problem {
  const message = `${repositoryText(wanted)} is taken from the cache, at commit ${wanted.commit}: ${cause.message}`;
  return { code: "HUB_UNREACHABLE", severity: "warning", message, hint: "It may not be the newest." };
}

/** The files of a snapshot; those whose links do not tell their hash are left out. */
async function cachedFiles(cacheFolder: string, folder: string, commit: string): Promise<HubFile[]> {
  const files: HubFile[] = [];
  for (const name of await snapshotNames(folder, commit)) {
    const path = snapshotPath(folder, commit, name);
    const byteLength = await cachedLength(cacheFolder, path);
    const hash = basename(await readlink(path).catch(() => ""));
    if (byteLength === undefined || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) continue;
    files.push({ name, byteLength, hash, algorithm: hash.length === 64 ? "sha256" : "git-sha1" });
  }
  return files;
}
