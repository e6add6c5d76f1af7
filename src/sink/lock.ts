import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { LOCK_NAME } from "../lock/lock-file.ts";
import { writing } from "./errors.ts";
import { MODEL_CARD_NAME } from "./names.ts";
import type { Staging } from "./staging.ts";
import type { LockParts, WrittenFile } from "./types.ts";

/** Stages the lock file; gives the files with their digests, it among them, in the order in which they get their names. */
export async function stageLock(
  staging: Staging,
  files: readonly WrittenFile[],
  { shardSha256, text }: LockParts,
): Promise<WrittenFile[]> {
  const hashed: WrittenFile[] = [];
  let shard = 0;
  for (const file of files) {
    if (file.name === MODEL_CARD_NAME) hashed.push(file);
    else if (file.role === "weights") hashed.push({ ...file, sha256: shardSha256[shard++] ?? "" });
    else hashed.push({ ...file, sha256: await digestOf(staging.pathOf(file.name)) });
  }
  const byteLength = await staging.write(LOCK_NAME, text(hashed));
  const weights = hashed.findIndex(({ role }) => role === "weights");
  return hashed.toSpliced(weights, 0, { name: LOCK_NAME, byteLength, role: "made" });
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await writing(path, () => pipeline(createReadStream(path), hash));
  return hash.digest("hex");
}
