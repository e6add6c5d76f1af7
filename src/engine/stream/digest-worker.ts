import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { WeightFile } from "../../sources/types.ts";

/** Adds bytes, given or in the spool, to the digest of a file, or ends it. */
export type DigestRequest = { readonly id: number; readonly file: string } & (
  | { readonly bytes: Uint8Array }
  | { readonly offset: number; readonly byteLength: number }
  | { readonly end: true }
);

export interface DigestReply {
  readonly id: number;
  /** In hex, of a file that is ended. */
  readonly digest?: string;
  readonly failed?: string;
}

const PIECE_BYTES = 2 ** 20;
const { path, spool } = workerData as WeightFile;
const memory = spool === "file" ? undefined : spool;
const descriptor = memory === undefined ? openSync(path, "r") : 0;
const buffer = new Uint8Array(memory === undefined ? PIECE_BYTES : 0);
const hashes = new Map<string, Hash>();

parentPort?.on("message", (request: DigestRequest) => {
  let reply: DigestReply = { id: request.id };
  try {
    const digest = answer(request);
    if (digest !== undefined) reply = { ...reply, digest };
  } catch (error) {
    reply = { ...reply, failed: String(error) };
  }
  parentPort?.postMessage(reply);
});

function answer(request: DigestRequest): string | undefined {
  const hash = hashes.get(request.file) ?? createHash("sha256");
  hashes.set(request.file, hash);
  if ("end" in request) return hash.digest("hex");
  if ("bytes" in request) hash.update(request.bytes);
  else addRange(hash, request.offset, request.byteLength);
  return undefined;
}

function addRange(hash: Hash, offset: number, byteLength: number): void {
  if (memory !== undefined) {
    hash.update(new Uint8Array(memory, offset, byteLength));
    return;
  }
  for (let done = 0; done < byteLength;) {
    const count = readSync(descriptor, buffer, 0, Math.min(PIECE_BYTES, byteLength - done), offset + done);
    if (count === 0) return; // A digest of less than all bytes is another digest.
    hash.update(buffer.subarray(0, count));
    done += count;
  }
}
