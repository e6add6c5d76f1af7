import { createHash } from "node:crypto";

/** Bytes that are written to a socket at once. */
const PIECE_BYTES = 256 * 1024;

/** The bytes of one file, and the hashes that the Hub knows them by. */
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

export function contentOf(bytes: Uint8Array, pieceBytes = PIECE_BYTES): Content {
  return {
    size: bytes.length,
    sha256: sha256(bytes),
    gitOid: gitBlobOid(bytes),
    // eslint-disable-next-line @typescript-eslint/require-await -- the same face as bytes that come late
    async *read(begin, end) {
      for (let at = begin; at < end; at += pieceBytes)
        yield bytes.subarray(at, Math.min(end, at + pieceBytes));
    },
  };
}

export async function bytesOf(content: Content): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read(0, content.size)) pieces.push(piece);
  return Buffer.concat(pieces);
}
