import { SourceError } from "./errors.ts";
import { snapshotFolder, repositoryFolder } from "./hub/cache-layout.ts";
import { openRepository } from "./hub/client.ts";
import type { HubSettings } from "./hub/environment.ts";
import { hubError } from "./hub/failures.ts";
import { missingFiles } from "./hub/fetch-files.ts";
import type { FetchOptions } from "./hub/fetch-files.ts";
import { modelHub } from "./hub/models.ts";
import { fetchModels } from "./hub/pull.ts";
import { parseRepository, repositoryText } from "./hub/repository.ts";
import type { RepositoryReference } from "./hub/repository.ts";
import { HubTransport } from "./hub/transport.ts";
import { matchesGlob } from "./recipe/glob.ts";
import { openModel } from "./sources/open.ts";
import type { HubFile, HubOrigin } from "./sources/types.ts";

export interface PullOptions extends FetchOptions {
  /** "org/name" or "org/name@revision" */
  readonly model: string;
  readonly settings: HubSettings;
  /** Globs of the files to bring, whatever they are; without any, what a merge of the model needs. */
  readonly include?: readonly string[] | undefined;
  /** Globs of files to leave out. */
  readonly exclude?: readonly string[] | undefined;
}

export interface PullReport {
  readonly repository: string;
  readonly revision: string;
  readonly commit: string;
  /** Where the files are now. */
  readonly folder: string;
  readonly files: readonly HubFile[];
  readonly byteLength: number;
  /** Of the files that were not in the cache. */
  readonly downloadedBytes: number;
}

/**
 * Brings a model of the Hub into the cache. Without `include`, its headers are checked before its weights are moved.
 * Throws a MergeError; what has arrived by then is kept.
 */
export async function pull(options: PullOptions): Promise<PullReport> {
  const { settings, include = [], exclude = [] } = options;
  const reference = parseRepository(options.model);
  if (settings.offline) {
    const hint = "Leave out --offline, and HF_HUB_OFFLINE=1 in the environment.";
    throw hubError(
      "HUB_OFFLINE",
      reference,
      "Nothing can be pulled, for the network must not be asked",
      hint,
    );
  }
  const origin = include.length > 0 ? await byPattern(reference, options) : await byNeed(reference, options);
  const leftOut = (name: string) => exclude.some((glob) => matchesGlob(glob, name));
  const files = origin.files.filter(({ name }) => !leftOut(name));
  if (files.length === 0) throw noFiles(reference, origin.files);
  const missing = origin.missing.filter((name) => !leftOut(name));
  await fetchModels(settings, [{ ...origin, files, missing }], options);
  const sum = (some: readonly HubFile[]) => some.reduce((total, { byteLength }) => total + byteLength, 0);
  const { repository, revision, commit } = origin;
  return {
    ...{ repository, revision, commit, files },
    folder: snapshotFolder(repositoryFolder(settings.cacheFolder, repository), commit),
    byteLength: sum(files),
    downloadedBytes: sum(files.filter(({ name }) => missing.includes(name))),
  };
}

async function byNeed(
  { repository, revision }: RepositoryReference,
  { settings, signal }: PullOptions,
): Promise<HubOrigin> {
  const hub = modelHub(settings, signal);
  // A folder of the same name is not meant here.
  const { hub: origin } = await openModel({ path: repository, revision }, { searchFrom: [], hub });
  if (origin !== undefined) return origin;
  throw new SourceError("INTERNAL", `${repository} was opened without its origin`);
}

async function byPattern(reference: RepositoryReference, options: PullOptions): Promise<HubOrigin> {
  const { settings, signal, include = [] } = options;
  const repository = await openRepository(new HubTransport(settings), reference, signal);
  const files = repository.files.filter(({ name }) => include.some((glob) => matchesGlob(glob, name)));
  if (files.length === 0) throw noFiles(reference, repository.files);
  const missing = await missingFiles(settings.cacheFolder, { repository, files });
  return { ...repository, files, missing: missing.map(({ name }) => name) };
}

/** Names listed in a message. */
const NAMES_SHOWN = 8;

function noFiles(reference: RepositoryReference, files: readonly HubFile[]): SourceError {
  const names = files.slice(0, NAMES_SHOWN).map(({ name }) => name);
  const more = files.length > NAMES_SHOWN ? ` and ${files.length - NAMES_SHOWN} more` : "";
  const message = `No file of ${repositoryText(reference)} is meant by --include and --exclude`;
  const hint = `There are ${names.join(", ")}${more}. In a pattern, * stands for anything, / included.`;
  return hubError("HUB_NO_FILES", reference, message, hint);
}
