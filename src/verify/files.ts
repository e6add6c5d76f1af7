import { join } from "node:path";
import { HashPool } from "../engine/hash-pool.ts";
import type { Problem } from "../errors.ts";
import type { LockFile, LockedOutput } from "../lock/lock-file.ts";
import { statPath } from "../sources/file.ts";
import { listFiles, WEIGHT_FILE, WEIGHT_INDEX } from "../sources/side-files.ts";
import { fault } from "./problems.ts";
import type { VerifiedFile, VerifyOptions } from "./types.ts";

interface CheckedFiles {
  readonly files: readonly VerifiedFile[];
  readonly problems: readonly Problem[];
  readonly hashedBytes: number;
}

/** Holds lengths and digests of the output's files against the lock file, and looks for weights that are not in it. */
export async function checkFiles(
  folder: string,
  lock: LockFile,
  options: VerifyOptions,
): Promise<CheckedFiles> {
  const problems: Problem[] = [];
  const present: LockedOutput[] = [];
  const states = new Map<string, VerifiedFile["state"]>();
  for (const file of lock.files) {
    const problem = await problemWithoutReading(folder, file);
    if (problem === undefined) present.push(file);
    else problems.push(problem);
    states.set(
      file.name,
      problem === undefined ? "intact" : problem.code === "VERIFY_MISSING" ? "missing" : "changed",
    );
  }
  for (const file of await changedAmong(folder, present, options)) {
    const path = join(folder, file.name);
    problems.push(fault("VERIFY_DIGEST", `${path} has another content than the merge wrote`, RESTORE));
    states.set(file.name, "changed");
  }
  const extra = await extraWeights(folder, lock);
  problems.push(...extra.map(({ name }) => extraProblem(join(folder, name))));
  const files = lock.files.map(({ name, byteLength }) => {
    return { name, byteLength, state: states.get(name) ?? "intact" };
  });
  const hashedBytes = present.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { files: [...files, ...extra], problems, hashedBytes };
}

const RESTORE = "Fetch the file again from where the output was copied, or merge again.";

async function problemWithoutReading(
  folder: string,
  { name, byteLength }: LockedOutput,
): Promise<Problem | undefined> {
  const path = join(folder, name);
  const stats = await statPath(path);
  if (stats?.isFile() !== true) return fault("VERIFY_MISSING", `${path} is missing`, RESTORE);
  if (stats.size === byteLength) return undefined;
  return fault("VERIFY_DIGEST", `${path} has ${stats.size} bytes; the merge wrote ${byteLength}`, RESTORE);
}

async function changedAmong(
  folder: string,
  files: readonly LockedOutput[],
  { signal, onProgress }: VerifyOptions,
): Promise<LockedOutput[]> {
  const total = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const places = files.map(({ name, byteLength }) => ({ path: join(folder, name), byteLength }));
  const progress = (done: number) => onProgress?.(done, total);
  // Nothing else is at work: a thread for each core.
  const digests = await new HashPool(places, { threads: Infinity, signal, onProgress: progress }).finish();
  return files.filter(({ sha256 }, at) => sha256 !== digests[at]);
}

/** A loader would take them for the model's, in place of its own or beside them. */
async function extraWeights(folder: string, lock: LockFile): Promise<VerifiedFile[]> {
  const known = new Set(lock.files.map(({ name }) => name));
  const names = (await listFiles(folder)).filter(
    (name) => !name.includes("/") && !known.has(name) && (WEIGHT_FILE.test(name) || WEIGHT_INDEX.test(name)),
  );
  return await Promise.all(
    names.map(async (name) => {
      const byteLength = (await statPath(join(folder, name)))?.size ?? 0;
      return { name, byteLength, state: "extra" as const };
    }),
  );
}

const extraProblem = (path: string) =>
  fault(
    "VERIFY_EXTRA",
    `${path} holds weights that the merge did not write`,
    "Move it elsewhere: a loader may take it for the model's.",
  );
