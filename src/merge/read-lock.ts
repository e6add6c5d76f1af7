import { join } from "node:path";
import { VerifyError } from "../errors.ts";
import { LOCK_NAME, MAX_LOCK_BYTES, parseLock } from "../lock/lock-file.ts";
import type { LockFile } from "../lock/lock-file.ts";
import { readText, statPath } from "../sources/file.ts";

/** Reads and checks the lock file of an output folder. Throws a VerifyError. */
export async function readLock(folder: string, name = LOCK_NAME): Promise<LockFile> {
  const path = join(folder, name);
  if ((await statPath(path)) === undefined) {
    throw new VerifyError("VERIFY_NO_LOCK", `${folder} has no ${name}`, {
      where: folder,
      hint: "Name the output folder of a merge by this version; those made with --no-lock cannot be verified.",
    });
  }
  const lock = parseLock(await readText(path, MAX_LOCK_BYTES));
  if (typeof lock !== "string") return lock;
  throw new VerifyError("VERIFY_LOCK", `${path} is no lock file that this version reads: ${lock}`, {
    where: path,
    hint: "It is damaged, or from another version of Stockpot: merge again.",
  });
}
