import { readlink } from "node:fs/promises";
import { basename } from "node:path";
import { isMergeError } from "../errors.ts";
import type { MergeError, Problem, SourceError } from "../errors.ts";
import type { ModelHub } from "../sources/locate.ts";
import { readModel, readStore } from "../sources/read-model.ts";
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
import { fetchModels } from "./pull.ts";
import { HubStore } from "./hub-store.ts";
import { TRANSFER_LIMITS } from "./limits.ts";
import { DEFAULT_REVISION, isRepositoryName, repositoryText, whyNoRevision } from "./repository.ts";
import type { RepositoryReference } from "./repository.ts";
import { HubTransport } from "./transport.ts";

/** Attempts to ask for a model: whoever has no network wants to know it soon, and sooner where the cache will do. */
const ATTEMPTS_TO_ASK = 4;
const ATTEMPTS_BEFORE_CACHE = 2;

type Report = (problem: MergeError) => void;

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
    const pinned = this.#pins.get(referenceText(reference));
    const wanted = { repository: reference.path, revision: pinned ?? reference.revision ?? DEFAULT_REVISION };
    const fault = whyNoRevision(wanted.revision);
    if (fault !== undefined) {
      const message = `The revision ${JSON.stringify(wanted.revision)} of ${wanted.repository} ${fault}`;
      throw hubError("HUB_REVISION", wanted, message, "Name a branch, a tag or a commit.");
    }
    const folder = repositoryFolder(this.#settings.cacheFolder, wanted.repository);
    const cached = await cachedCommit(folder, wanted.revision);
    if (this.#settings.offline) return await this.#openCached(reference, wanted, cached, report);
    const transport = this.#transport(cached === undefined ? ATTEMPTS_TO_ASK : ATTEMPTS_BEFORE_CACHE);
    let repository: Repository;
    try {
      repository = await openRepository(transport, wanted, this.#signal);
    } catch (error) {
      if (cached === undefined || !isMergeError(error, "HUB_UNREACHABLE")) throw error;
      const headers = await this.#openCached(reference, wanted, cached, report);
      return { ...headers, warnings: [...(headers.warnings ?? []), unreachedWarning(wanted, cached, error)] };
    }
    return await this.#openRemote(reference, repository, report);
  }

  async bring(reference: ModelReference): Promise<string> {
    const { hub: origin, location } = await this.open(reference, (problem) => {
      throw problem;
    });
    if (origin !== undefined) await fetchModels(this.#settings, [origin], { signal: this.#signal });
    return location;
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
    // Counted before anything is read: reading brings small files.
    const all = { repository, files: store.filesOf(await store.list()) };
    const absent = new Set((await missingFiles(this.#settings.cacheFolder, all)).map(({ name }) => name));
    const headers = await readStore(referenceText(reference), store, report);
    const needed = [...headers.files, ...headers.sideFiles, ...store.smallFiles()];
    const names = [...new Set(needed.map(({ name }) => name))];
    const missing = names.filter((name) => absent.has(name));
    return { ...headers, hub: { ...originOf(repository), files: store.filesOf(names), missing } };
  }

  async #openCached(
    reference: ModelReference,
    wanted: RepositoryReference,
    commit: string | undefined,
    report: Report,
  ): Promise<ModelHeaders> {
    const { cacheFolder } = this.#settings;
    const pull = `"stockpot pull ${repositoryText(wanted)}"`;
    if (commit === undefined) {
      const message = `${repositoryText(wanted)} is not in the cache, and the network must not be asked`;
      const hint = `Run ${pull} where there is a network, or leave out --offline and HF_HUB_OFFLINE.`;
      throw hubError("HUB_OFFLINE", wanted, message, hint);
    }
    const folder = repositoryFolder(cacheFolder, wanted.repository);
    const errors: MergeError[] = [];
    const location = { path: snapshotFolder(folder, commit), kind: "folder" } as const;
    const headers = await readModel(referenceText(reference), location, (error) => errors.push(error));
    const [first] = errors;
    if (first !== undefined) report(incomplete(wanted, first, pull));
    const files = await cachedFiles(cacheFolder, folder, commit);
    return { ...headers, hub: { ...originOf({ ...wanted, commit }), files, missing: [] } };
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

function incomplete(wanted: RepositoryReference, cause: MergeError, pull: string): SourceError {
  const message = `What the cache has of ${repositoryText(wanted)} is no whole model: ${cause.message}`;
  return hubError("HUB_OFFLINE", wanted, message, `Run ${pull} where there is a network.`, cause);
}

function unreachedWarning(wanted: RepositoryReference, commit: string, cause: MergeError): Problem {
  const message = `${repositoryText(wanted)} is taken from the cache, at commit ${commit}: ${cause.message}`;
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
