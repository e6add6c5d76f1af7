import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { unreadable } from "../../sources/file.ts";
import { repositoryOfFolder } from "../cache-layout.ts";
import { isCommit } from "../repository.ts";

/** Size of the units that file systems count in, by POSIX. */
const BLOCK_BYTES = 512;

export interface CachedFile {
  /** POSIX, in the repository. */
  readonly name: string;
  /** 0 if its blob is missing. */
  readonly byteLength: number;
  /** Name of the blob that it is a link to; absent for a file that lies in the snapshot itself. */
  readonly blob?: string;
  /** What it is a link to is not there. */
  readonly broken?: true;
}

export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that stood for it when they were asked for last. */
  readonly refs: readonly string[];
  readonly files: readonly CachedFile[];
  /** Of its files, those shared with other revisions included. */
  readonly byteLength: number;
}

export interface CachedBlob {
  /** SHA-256 or git's SHA-1 of the content. */
  readonly hash: string;
  readonly byteLength: number;
}

/** A model in the cache. */
export interface CachedRepository {
  readonly repository: string;
  readonly folder: string;
  /** On the disk: each content once, and what broken-off downloads left. */
  readonly byteLength: number;
  readonly revisions: readonly CachedRevision[];
  readonly blobs: readonly CachedBlob[];
  /** Left by downloads that are under way or broke off, ours and Python's. */
  readonly incomplete: readonly { readonly name: string; readonly byteLength: number }[];
}

/** Lists the models of a cache as Python's library lays it out; by name. A cache that is not there is empty. */
export async function scanCache(cacheFolder: string): Promise<CachedRepository[]> {
  const found: CachedRepository[] = [];
  for (const name of await namesIn(cacheFolder)) {
    const repository = repositoryOfFolder(name);
    const folder = join(cacheFolder, name);
    const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory() === true;
    if (repository !== undefined && isFolder) found.push(await scanRepository(repository, folder));
  }
  return found.sort((a, b) => (a.repository < b.repository ? -1 : 1));
}

async function scanRepository(repository: string, folder: string): Promise<CachedRepository> {
  const blobs: CachedBlob[] = [];
  const incomplete: { name: string; byteLength: number }[] = [];
  for (const name of await namesIn(join(folder, "blobs"))) {
    const stats = await lstat(join(folder, "blobs", name));
    if (!stats.isFile()) continue;
    if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(name)) blobs.push({ hash: name, byteLength: stats.size });
    // A download makes room for the whole file at once; what counts is what has come.
    else incomplete.push({ name, byteLength: Math.min(stats.size, stats.blocks * BLOCK_BYTES) });
  }
  const refs = await refsIn(join(folder, "refs"));
  const revisions: CachedRevision[] = [];
  for (const commit of (await namesIn(join(folder, "snapshots"))).filter(isCommit)) {
    revisions.push(await scanRevision(join(folder, "snapshots", commit), commit, refs.get(commit) ?? []));
  }
  const copies = revisions.flatMap(({ files }) => files).filter(({ blob }) => blob === undefined);
  const byteLength = [...blobs, ...incomplete, ...copies].reduce((sum, each) => sum + each.byteLength, 0);
  return { repository, folder, byteLength, revisions, blobs, incomplete };
}

async function scanRevision(
  folder: string,
  commit: string,
  refs: readonly string[],
): Promise<CachedRevision> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: CachedFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile() && !entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join("/");
    const stats = await stat(path).catch(() => undefined);
    const blob = entry.isSymbolicLink() ? { blob: basename(await readlink(path)) } : {};
    const broken = stats === undefined ? { broken: true as const } : {};
    files.push({ name, byteLength: stats?.size ?? 0, ...blob, ...broken });
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { commit, refs, files, byteLength: files.reduce((sum, file) => sum + file.byteLength, 0) };
}

/** By commit, the branches and tags that stand for it. */
async function refsIn(folder: string): Promise<Map<string, string[]>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const refs = new Map<string, string[]>();
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const commit = (await readFile(path, "utf8")).trim();
    const name = relative(folder, path).split(sep).join("/");
    refs.set(commit, [...(refs.get(commit) ?? []), name].sort());
  }
  return refs;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw unreadable(folder, error);
  }
}
