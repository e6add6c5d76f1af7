import { lstat, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { blobPath, inCache, snapshotFolder } from "../cache-layout.ts";
import type { CachedModel } from "./find.ts";
import type { CachedBlob, CachedRevision } from "./scan.ts";

/** What goes if a model, or one revision of it, is removed. */
export interface Removal {
  readonly model: CachedModel;
  /** All bytes that are freed. */
  readonly byteLength: number;
  /** Contents that no revision needs that stays. */
  readonly blobs: readonly CachedBlob[];
}

export function planRemoval(model: CachedModel): Removal {
  const { repository, revision } = model;
  const isLast = revision !== undefined && repository.revisions.length === 1;
  if (revision === undefined || isLast) {
    return { model: { repository }, byteLength: repository.byteLength, blobs: repository.blobs };
  }
  const stays = blobsOf(repository.revisions.filter((other) => other !== revision));
  const goes = blobsOf([revision]);
  const blobs = repository.blobs.filter(({ hash }) => goes.has(hash) && !stays.has(hash));
  const copies = revision.files.filter(({ blob }) => blob === undefined);
  const byteLength = [...blobs, ...copies].reduce((sum, each) => sum + each.byteLength, 0);
  return { model, byteLength, blobs };
}

const blobsOf = (revisions: readonly CachedRevision[]) =>
  new Set(revisions.flatMap(({ files }) => files.map(({ blob }) => blob)));

/** Removes what was planned: out of sight first, so that nobody finds half of it. Throws a SourceError. */
export async function removeCached({ model: { repository, revision }, blobs }: Removal): Promise<void> {
  const { folder } = repository;
  await inCache(folder, async () => {
    if (revision === undefined) {
      await removeWhole(folder);
      await rm(join(dirname(folder), ".locks", basename(folder)), { recursive: true, force: true });
      return;
    }
    for (const ref of revision.refs) await rm(join(folder, "refs", ...ref.split("/")), { force: true });
    await removeWhole(snapshotFolder(folder, revision.commit));
    // What Python noted of files that the revision does not have.
    const absences = join(folder, ".no_exist");
    if ((await lstat(absences).catch(() => undefined))?.isDirectory() === true)
      await rm(join(absences, revision.commit), { recursive: true, force: true });
    for (const { hash } of blobs) await rm(blobPath(folder, hash), { force: true });
  });
}

async function removeWhole(folder: string): Promise<void> {
  const hidden = join(dirname(folder), `.removed-${Math.random().toString(36).slice(2)}`);
  await rename(folder, hidden);
  await rm(hidden, { recursive: true, force: true });
}
