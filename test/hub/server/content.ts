import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";

/** Bytes that are written to a socket at once. */
const PIECE_BYTES = 256 * 1024;

/** The bytes of one file, in memory or on disk, and the hashes that the Hub knows them by. */
export interface Content {
  readonly size: number;
  /** Of the bytes: how LFS names them. */
  readonly sha256: string;
  /** Of the bytes as a git blob: how git names small files. */
  readonly gitOid: string;
  /** Pieces of the bytes in [begin, end). */
  readonly read: (begin: number, end: number) => AsyncIterable<Uint8Array>;
}

export function gitBlobOid(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function contentOf(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    sha256: sha256(bytes),
    gitOid: gitBlobOid(bytes),
    // eslint-disable-next-line @typescript-eslint/require-await -- the same face as a file on disk
    async *read(begin, end) {
      for (let at = begin; at < end; at += PIECE_BYTES)
        yield bytes.subarray(at, Math.min(end, at + PIECE_BYTES));
    },
  };
}

/** A file on disk, for models that are too large to be held in memory; hashed once, here. */
export async function contentOfFile(path: string): Promise<Content> {
  const { size } = statSync(path);
  const [sha, git] = [createHash("sha256"), createHash("sha1").update(`blob ${size}\0`)];
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES * 4 })) {
    sha.update(piece as Uint8Array);
    git.update(piece as Uint8Array);
  }
  return {
    size,
    sha256: sha.digest("hex"),
    gitOid: git.digest("hex"),
    async *read(begin, end) {
      if (begin >= end) return;
      const stream = createReadStream(path, { start: begin, end: end - 1, highWaterMark: PIECE_BYTES });
      for await (const piece of stream) yield piece as Uint8Array;
    },
  };
}

export async function bytesOf(content: Content): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read(0, content.size)) pieces.push(piece);
  return Buffer.concat(pieces);
}
