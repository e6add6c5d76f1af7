import { createHash } from "node:crypto";
import { openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { hashStart } from "./verify-hash.ts";
import type { HashReply, HashRequest, HashTask } from "./hash-thread.ts";

/** Bytes read at a time. */
const PIECE_BYTES = 2 ** 20;

const { path, byteLength, algorithm } = workerData as HashTask;
const piece = new Uint8Array(PIECE_BYTES);
// Closed with the thread.
const descriptor = openSync(path, "r");
const { name, prefix } = hashStart(algorithm, byteLength);
const hash = createHash(name).update(prefix);
const reply = (message: HashReply) => parentPort?.postMessage(message);
let hashed = 0;

parentPort?.on("message", ({ end, isLast }: HashRequest) => {
  while (hashed < end) {
    const length = readSync(descriptor, piece, 0, Math.min(PIECE_BYTES, end - hashed), hashed);
    if (length === 0) break; // Shorter than it should be: the digest will tell.
    hash.update(piece.subarray(0, length));
    hashed += length;
  }
  reply({ hashed, ...(isLast && { digest: hash.digest("hex") }) });
});
