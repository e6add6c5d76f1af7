import { join, resolve } from "node:path";
import { SourceError, UsageError, VerifyError } from "./errors.ts";
import type { Problem } from "./errors.ts";
import type { HubSettings } from "./hub/environment.ts";
import { filesToPush } from "./hub/push/folder.ts";
import type { PushProgress, SentReport, PushTarget } from "./hub/push/types.ts";
import { isRepositoryName, whyNoRevision } from "./hub/repository.ts";
import { LOCK_NAME } from "./lock/lock-file.ts";
import { statPath } from "./sources/file.ts";
import { checkUnlocked } from "./verify/unlocked.ts";
import { verify } from "./verify/verify.ts";

export interface PushReport extends SentReport {
  /** False for a folder without a lock file, of which no hash could be checked. */
  readonly verified: boolean;
}

export interface PushOptions extends PushTarget {
  /** A merged model. */
  readonly folder: string;
  readonly settings: HubSettings;
  /** First line of the commit. */
  readonly title?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PushProgress) => void) | undefined;
}

/**
 * Checks a merged model and sends it to a repository of the Hub as one commit. Large files that the Hub has are not sent
 * again. Throws a MergeError; the repository is then as it was.
 */
export async function push(options: PushOptions): Promise<PushReport> {
  const { repository, branch, title = "Upload a merged model with Stockpot" } = options;
  checkTarget(repository, branch);
  const folder = resolve(options.folder);
  const verified = await checkModel(folder, options);
  // With the Hub's library, which nothing else of a merge needs.
  const { pushFiles } = await import("./hub/push/push.ts");
  return { ...(await pushFiles({ ...options, files: await filesToPush(folder), title })), verified };
}

function checkTarget(repository: string, branch: string | undefined): void {
  if (!isRepositoryName(repository)) {
    throw new UsageError("USAGE", `"${repository}" does not name a repository of the Hub`, {
      hint: "Write it as owner/name: your own name or an organization's, and the model's.",
    });
  }
  const fault = branch === undefined ? undefined : whyNoRevision(branch);
  if (fault !== undefined) {
    const message = `The branch ${JSON.stringify(branch)} ${fault}`;
    throw new UsageError("USAGE", message, { hint: "Choose another name." });
  }
}

/** Nothing goes out that could not be read back, or that is not what a merge wrote if there is a lock file to tell. */
async function checkModel(folder: string, options: PushOptions): Promise<boolean> {
  if ((await statPath(folder)) === undefined) throw noFolder(folder);
  const isLocked = (await statPath(join(folder, LOCK_NAME))) !== undefined;
  const problems = isLocked ? await verifyFolder(folder, options) : await checkUnlocked(folder);
  const [first, ...others] = problems.filter(({ severity }) => severity === "error");
  if (first === undefined) return isLocked;
  const more = others.length > 0 ? ` (and ${others.length} more problems)` : "";
  const Failure = isLocked ? VerifyError : SourceError;
  const shows = isLocked ? '"stockpot verify" shows all that is wrong with it. ' : "";
  throw new Failure(first.code, `Nothing was pushed, for the model is damaged: ${first.message}${more}`, {
    where: folder,
    hint: `${shows}Merge it again.`,
  });
}

function noFolder(where: string): SourceError {
  const hint = "Name the folder that a merge wrote.";
  return new SourceError("SOURCE_NOT_FOUND", `There is no folder ${where}`, { where, hint });
}

async function verifyFolder(
  folder: string,
  { settings, signal, onProgress }: PushOptions,
): Promise<readonly Problem[]> {
  const { problems } = await verify({
    ...{ out: folder, hub: settings, signal },
    onProgress: (doneBytes, totalBytes) => onProgress?.({ phase: "verify", doneBytes, totalBytes }),
  });
  return problems;
}
