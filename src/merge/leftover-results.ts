import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What mkdtemp adds to a name. */
const RANDOM_PART = /^[A-Za-z0-9]{6}$/;

/**
 * Removes folders of results that killed runs left at `prefix` plus a random part: those in which nothing was written
 * since `startedMs`. The merge is complete by then, so what cannot be removed must not make it fail.
 */
export async function removeLeftoverResults(prefix: string, startedMs: number): Promise<void> {
  const parent = dirname(prefix);
  const start = basename(prefix);
  const names = (await readdir(parent).catch(() => [])).filter(
    (name) => name.startsWith(start) && RANDOM_PART.test(name.slice(start.length)),
  );
  await Promise.allSettled(
    names.map(async (name) => {
      const folder = join(parent, name);
      if ((await lastWritten(folder)) < startedMs) await rm(folder, { recursive: true, force: true });
    }),
  );
}

/** The latest modification of a folder and of all that is in it, in ms. */
async function lastWritten(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const times = await Promise.all([
    stat(folder),
    ...names.map(async (name) => await stat(join(folder, name))),
  ]);
  return Math.max(...times.map(({ mtimeMs }) => mtimeMs));
}
