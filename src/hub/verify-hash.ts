import { createHash } from "node:crypto";
import type { HubFile } from "../sources/types.ts";

/** Bytes hashed at a time. */
const PIECE_BYTES = 2 ** 20;

/** What can be read by position. */
interface Readable {
  read(position: number, bytes: Uint8Array): Promise<number>;
}

/** Hashes a file from what is on disk, while more of it still arrives. */
export interface GrowingHash {
  /** Bytes up to `end` are there and may be hashed. */
  advance(end: number): void;
  /** Resolves when all bytes up to `end`, which have been told of, are hashed, or cannot be. */
  reached(end: number): Promise<void>;
  /** The hash of the first `byteLength` bytes, in hexadecimal. */
  digest(byteLength: number): Promise<string>;
  close(): Promise<void>;
}

/** What OpenSSL calls a hash, and what goes before the bytes: git hashes a blob with its length. */
export function hashStart(
  algorithm: HubFile["algorithm"],
  byteLength: number,
): { readonly name: string; readonly prefix: string } {
  return algorithm === "sha256"
    ? { name: "sha256", prefix: "" }
    : { name: "sha1", prefix: `blob ${byteLength}\0` };
}

/** Hashes a small file once it is there. */
export class FileHash implements GrowingHash {
  readonly #file: Readable;
  readonly #of: HubFile;

  constructor(file: Readable, of: HubFile) {
    this.#file = file;
    this.#of = of;
  }

  advance(): void {
    // All at the end.
  }

  reached(): Promise<void> {
    return Promise.resolve();
  }

  async digest(byteLength: number): Promise<string> {
    const { name, prefix } = hashStart(this.#of.algorithm, this.#of.byteLength);
    const hash = createHash(name).update(prefix);
    const piece = new Uint8Array(PIECE_BYTES);
    for (let hashed = 0; hashed < byteLength;) {
      const wanted = piece.subarray(0, Math.min(PIECE_BYTES, byteLength - hashed));
      const length = await this.#file.read(hashed, wanted);
      if (length === 0) break; // Shorter than it should be: the digest will tell.
      hash.update(wanted.subarray(0, length));
      hashed += length;
    }
    return hash.digest("hex");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
