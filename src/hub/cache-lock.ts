import { mkdir, open, rm, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inCache } from "./cache-layout.ts";
import type { TransferLimits } from "./limits.ts";
import { throwIfStopped } from "./retry.ts";

/** A lock is renewed so often within the time after which it counts as stale. */
const RENEWALS = 5;

/**
 * Takes the lock of a blob that processes share: a file that its holder touches again and again. One that has not been
 * touched for long belongs to a process that is gone. Gives what releases it; undefined if another holds it. Should two
 * processes ever hold one, they write the same verified bytes, only twice.
 */
export async function tryLock(
  path: string,
  { staleLockMs }: TransferLimits,
): Promise<(() => Promise<void>) | undefined> {
  return await inCache(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const age = await ageOf(path);
    if (age !== undefined && age > staleLockMs) await rm(path, { force: true });
    try {
      await (await open(path, "wx")).close();
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
      throw error;
    }
    const renewal = setInterval(() => {
      const now = new Date();
      utimes(path, now, now).catch(() => undefined);
    }, staleLockMs / RENEWALS);
    return async () => {
      clearInterval(renewal);
      await rm(path, { force: true });
    };
  });
}

/** Waits until a lock can be taken. */
export async function lock(
  path: string,
  limits: TransferLimits,
  signal?: AbortSignal,
): Promise<() => Promise<void>> {
  for (;;) {
    throwIfStopped(signal);
    const release = await tryLock(path, limits);
    if (release !== undefined) return release;
    await sleep(Math.min(limits.staleLockMs / RENEWALS, 250) * (0.5 + Math.random() / 2));
  }
}

async function ageOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}
