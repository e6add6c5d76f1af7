import { commitIter, createBranch, createRepo, HubApiError, modelInfo, whoAmI } from "@huggingface/hub";
import type { CommitOutput, CommitProgressEvent } from "@huggingface/hub";
import { isMergeError } from "../../errors.ts";
import type { HubSettings } from "../environment.ts";
import { throwIfStopped } from "../retry.ts";
import { badAnswer, isPublic, noToken, offline, readOnlyToken } from "./failures.ts";
import { FileBlob } from "./file-blob.ts";
import { pushFetch } from "./push-fetch.ts";
import type { PushFile, PushProgress, SentReport, PushTarget } from "./types.ts";

export interface PushFilesOptions extends PushTarget {
  readonly settings: HubSettings;
  readonly files: readonly PushFile[];
  /** First line of the commit. */
  readonly title: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PushProgress) => void) | undefined;
}

/**
 * Sends files to a repository of the Hub as one commit: large ones first and by their SHA-256, those that the Hub has
 * not at all. Nothing is seen in the repository before the commit. Throws a SourceError.
 */
export async function pushFiles(options: PushFilesOptions): Promise<SentReport> {
  const { settings } = options;
  if (settings.offline) throw offline(options);
  if (settings.token === undefined) throw noToken(options, settings);
  const totals = new PushTotals(options);
  try {
    await checkToken(options);
    const created = options.pullRequest === true ? false : await ensureRepository(options);
    if (options.branch !== undefined && options.branch !== "main")
      await ensureBranch(options, options.branch);
    const { commit, pullRequestUrl } = await commitAll(options, totals);
    const { repository, files } = options;
    return {
      ...{
        repository,
        created,
        commit: commit.oid,
        url: pullRequestUrl ?? `${settings.endpoint}/${repository}`,
      },
      ...{
        fileCount: files.length,
        totalBytes: totals.bytes,
        largeBytes: totals.largeBytes,
        sentBytes: totals.sentBytes,
      },
    };
  } catch (error) {
    throwIfStopped(options.signal);
    throw isMergeError(error) ? error : badAnswer(options, error);
  }
}

/** The address of the Hub and a way to it, as the library's functions take them. */
function hubOf(
  options: PushFilesOptions,
  accepted: readonly number[] = [],
  onSent: (bytes: number) => void = () => undefined,
) {
  const { settings, signal } = options;
  const fetch = pushFetch({ settings, target: options, signal, onSent }, accepted);
  // The library demands some token where it would send it; ours is added by `fetch`.
  return { hubUrl: settings.endpoint, fetch, accessToken: "hf_" };
}

async function checkToken(options: PushFilesOptions): Promise<void> {
  const { auth } = await whoAmI(hubOf(options));
  if (auth.accessToken?.role === "read") throw readOnlyToken(options, options.settings);
}

const CONFLICT = 409;

/** True if it was made. */
async function ensureRepository(options: PushFilesOptions): Promise<boolean> {
  const { repository } = options;
  const isPrivate = options.private === true;
  try {
    const visibility = isPrivate ? { visibility: "private" as const } : {};
    await createRepo({ repo: repository, ...visibility, ...hubOf(options, [CONFLICT]) });
    return true;
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  const info = await modelInfo({ name: repository, ...hubOf(options) });
  if (isPrivate && !info.private) throw isPublic(options);
  return false;
}

async function ensureBranch(options: PushFilesOptions, branch: string): Promise<void> {
  try {
    await createBranch({ repo: options.repository, branch, ...hubOf(options, [CONFLICT]) });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

const isConflict = (error: unknown) => error instanceof HubApiError && error.statusCode === CONFLICT;

async function commitAll(options: PushFilesOptions, totals: PushTotals): Promise<CommitOutput> {
  const { repository, branch, title, files, pullRequest = false, signal } = options;
  const events = commitIter({
    repo: repository,
    title,
    ...(branch !== undefined && { branch }),
    operations: files.map(({ name, content }) => ({
      operation: "addOrUpdate",
      path: name,
      content:
        typeof content === "string" ? new Blob([content]) : new FileBlob(content.path, 0, content.byteLength),
    })),
    isPullRequest: pullRequest,
    // Xet needs its own service; the plain way works on every Hub and resumes by hash as well.
    useXet: false,
    ...(signal !== undefined && { abortSignal: signal }),
    ...hubOf(options, [], (bytes) => totals.sent(bytes)),
  });
  for (;;) {
    const step = await events.next();
    if (step.done !== true) totals.note(step.value);
    else if (step.value === undefined) throw badAnswer(options, "there is no commit in it");
    else return step.value;
  }
}

/** Adds up what is done, for the report and for the caller. */
class PushTotals {
  readonly #onProgress: PushFilesOptions["onProgress"];
  readonly #lengths: ReadonlyMap<string, number>;
  /** Bytes gone through of the large files, which alone are hashed. */
  readonly #hashed = new Map<string, number>();
  /** Large files that are there, by name. */
  readonly #uploaded = new Set<string>();
  readonly bytes: number;
  sentBytes = 0;

  constructor({ files, onProgress }: PushFilesOptions) {
    this.#onProgress = onProgress;
    this.#lengths = new Map(
      files.map(({ name, content }) => [
        name,
        typeof content === "string" ? Buffer.byteLength(content) : content.byteLength,
      ]),
    );
    this.bytes = sum(this.#lengths.values());
  }

  note(event: CommitProgressEvent): void {
    if (event.event !== "fileProgress") return;
    const { path, state, progress } = event;
    if (state === "hashing") this.#hashed.set(path, progress * (this.#lengths.get(path) ?? 0));
    if (state === "uploading" && progress === 1) this.#uploaded.add(path);
    if (state === "hashing") this.#report("hash", sum(this.#hashed.values()));
    else this.#reportUpload();
  }

  sent(bytes: number): void {
    this.sentBytes += bytes;
    this.#reportUpload();
  }

  get largeBytes(): number {
    return sum([...this.#hashed.keys()].map((name) => this.#lengths.get(name) ?? 0));
  }

  /** Files that were there already count as done. */
  #reportUpload(): void {
    const there = sum([...this.#uploaded].map((name) => this.#lengths.get(name) ?? 0));
    this.#report("upload", Math.min(this.bytes, Math.max(there, this.sentBytes)));
  }

  #report(phase: PushProgress["phase"], doneBytes: number): void {
    this.#onProgress?.({ phase, doneBytes, totalBytes: this.bytes });
  }
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);
