import { parentPort } from "node:worker_threads";
import { isMergeError } from "../errors.ts";
import { FileHash, readBuffer } from "./file-hash.ts";
import type { HashReply, HashRequest } from "./hash-pool.ts";

/** Progress is told this often, in bytes. */
const REPORT_BYTES = 16 * 2 ** 20;

const files = new Map<number, FileHash>();
const buffer = readBuffer();

parentPort?.on("message", (request: HashRequest) => parentPort?.postMessage(answer(request)));

function answer({ file, path, end, last }: HashRequest): HashReply {
  const hash = files.get(file) ?? new FileHash(path);
  files.set(file, hash);
  let unreported = 0;
  try {
    hash.advance(end, buffer, (byteLength) => {
      unreported += byteLength;
      if (unreported < REPORT_BYTES) return;
      parentPort?.postMessage({ file, byteLength: unreported } satisfies HashReply);
      unreported = 0;
    });
    return { file, byteLength: unreported, ...(last && { sha256: hash.digest() }) };
  } catch (error) {
    hash.close();
    const message = error instanceof Error ? error.message : String(error);
    return {
      file,
      byteLength: unreported,
      failed: { code: isMergeError(error) ? error.code : undefined, message },
    };
  }
}
