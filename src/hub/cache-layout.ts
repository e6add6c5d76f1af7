import {
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  link,
  copyFile,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { SourceError } from "../errors.ts";
import { isCommit, whyNoRevision, whyUnsafe } from "./repository.ts";

/*
 * The layout of Python's huggingface_hub:
 *   models--org--name/blobs/HASH                  every content once
 *   models--org--name/refs/REVISION               the commit that a branch or tag stood for
 *   models--org--name/snapshots/COMMIT/PATH       a link to its blob; the blob itself where there are no links
 *   models--org--name/.no_exist/COMMIT/PATH       files that are known not to be there
 *   .locks/models--org--name/HASH.lock            Python's locks
 */

/** What a download that has not come to its end leaves in `blobs`; Python would go on with one of another name. */
export const PARTIAL_SUFFIX = ".stockpot.incomplete";
/** Beside it: which of its bytes are there. */
export const JOURNAL_SUFFIX = ".stockpot.journal";
const LOCK_SUFFIX = ".stockpot.lock";

/** Folder of a repository in the cache. */
export function repositoryFolder(cacheFolder: string, repository: string): string {
  return join(cacheFolder, ["models", ...repository.split("/")].join("--"));
}

/** "org/name" of a folder in the cache; undefined if it is none of a model. */
export function repositoryOfFolder(name: string): string | undefined {
  const [type, ...parts] = name.split("--");
  return type === "models" && parts.length > 0 ? parts.join("/") : undefined;
}

export const blobPath = (folder: string, hash: string): string => join(folder, "blobs", hash);
export const snapshotFolder = (folder: string, commit: string): string => join(folder, "snapshots", commit);
export const snapshotPath = (folder: string, commit: string, name: string): string =>
  join(snapshotFolder(folder, commit), ...name.split("/"));

/** Beside Python's own, which are never removed and say nothing by being there. */
export function lockPath(cacheFolder: string, repository: string, hash: string): string {
  return join(repositoryFolder(join(cacheFolder, ".locks"), repository), hash + LOCK_SUFFIX);
}

/** The commit that a revision stood for when it was downloaded last. */
export async function cachedCommit(folder: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) {
    const stats = await stat(snapshotFolder(folder, revision)).catch(() => undefined);
    return stats?.isDirectory() === true ? revision : undefined;
  }
  if (whyNoRevision(revision) !== undefined) return undefined;
  const text = await readFile(join(folder, "refs", ...revision.split("/")), "utf8").catch(() => "");
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** Notes what a branch or tag stands for. */
export async function writeRef(folder: string, revision: string, commit: string): Promise<void> {
  if (isCommit(revision) || (await cachedCommit(folder, revision)) === commit) return;
  const path = join(folder, "refs", ...revision.split("/"));
  await inCache(path, async () => {
    await makeFolder(folder, dirname(path));
    const temporary = `${path}.${Math.random().toString(36).slice(2)}.tmp`;
    await writeFile(temporary, commit, { flag: "wx" });
    await rename(temporary, path);
  });
}

/** Length of a file of a snapshot; undefined if it is not there, or leads out of the cache. */
export async function cachedLength(cacheFolder: string, path: string): Promise<number | undefined> {
  const [stats, real, root] = await Promise.all([
    stat(path).catch(() => undefined),
    realpath(path).catch(() => undefined),
    realpath(cacheFolder).catch(() => undefined),
  ]);
  if (stats?.isFile() !== true || real === undefined || root === undefined) return undefined;
  return isWithin(root, real) ? stats.size : undefined;
}

/** Names (POSIX) of a snapshot's files. */
export async function snapshotNames(folder: string, commit: string): Promise<string[]> {
  const top = snapshotFolder(folder, commit);
  const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => relative(top, join(entry.parentPath, entry.name)).split(sep).join("/")).sort();
}

/**
 * Gives a blob its name in a snapshot: by a symbolic link, or where the system has none by a hard link, or else by moving
 * it there. What is there already is replaced.
 */
export async function linkSnapshot(
  folder: string,
  commit: string,
  name: string,
  hash: string,
  symlinks = true,
): Promise<void> {
  const path = snapshotPath(folder, commit, checkedName(name));
  await inCache(path, async () => {
    await makeFolder(folder, dirname(path));
    const blob = blobPath(folder, hash);
    const temporary = `${path}.${Math.random().toString(36).slice(2)}.tmp`;
    await place(blob, temporary, symlinks);
    await rename(temporary, path);
  });
}

async function place(blob: string, path: string, symlinks: boolean): Promise<void> {
  try {
    const target = relative(dirname(path), blob);
    // Windows may lack the right to make links, a file system may have none.
    if (symlinks) await symlink(target, path).catch(() => link(blob, path));
    else await link(blob, path);
  } catch {
    await copyFile(blob, path);
    await rm(blob);
  }
}

/** A file name of a repository, if it cannot lead elsewhere. Throws a SourceError. */
export function checkedName(name: string): string {
  const reason = whyUnsafe(name);
  if (reason === undefined) return name;
  throw new SourceError(
    "HUB_FILE_NAME",
    `The file name ${JSON.stringify(name)} is refused because it ${reason}`,
    {
      where: name,
      hint: "Nothing of this name was downloaded. If the model does not need it, leave it out with --exclude.",
    },
  );
}

/**
 * Makes the folders from a repository's own down to `path`, one by one: a link among them, which someone may have put
 * there to lead elsewhere, is refused.
 */
export async function makeFolder(folder: string, path: string): Promise<void> {
  await inCache(path, async () => {
    // The folder itself may be a link: to another disk, by its owner.
    await mkdir(folder, { recursive: true });
    let current = folder;
    for (const part of relative(folder, path).split(sep)) {
      current = join(current, part);
      await mkdir(current).catch(() => undefined);
      const stats = await lstat(current);
      if (stats.isDirectory()) continue;
      throw new SourceError("HUB_CACHE", `${current} is not a folder, or a link that leads elsewhere`, {
        where: current,
        hint: "Remove it, or choose another cache with HF_HUB_CACHE.",
      });
    }
  });
}

/** Runs a step that writes in the cache; errors of the system become a SourceError with a cure. `of` is what it is for. */
export async function inCache<T>(path: string, step: () => Promise<T>, of = ""): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof Error) || !("errno" in error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    throw new SourceError(
      isFull ? "HUB_DISK_SPACE" : "HUB_CACHE",
      `${of === "" ? "" : `${of}: `}cannot write ${path}: ${error.message}`,
      {
        where: path,
        cause: error,
        hint: isFull
          ? "What has arrived is kept: free some space and run the command again, or choose another cache with HF_HUB_CACHE."
          : "Choose another cache with HF_HUB_CACHE, or change the permissions.",
      },
    );
  }
}

function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
