import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { HubFile } from "../sources/types.ts";

/** Bytes hashed at a time. */
const PIECE_BYTES = 2 ** 20;

/** What can be read by position. */
interface Readable {
  read(position: number, bytes: Uint8Array): Promise<number>;
}

/** Hashes a file from what is on disk, while more of it still arrives. */
export class FileHash {
  readonly #hash: Hash;
  readonly #file: Readable;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #hashed = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(file: Readable, { byteLength, algorithm }: HubFile) {
    this.#file = file;
    this.#hash = createHash(algorithm === "sha256" ? "sha256" : "sha1");
    // git hashes a blob with its length before it.
    if (algorithm === "git-sha1") this.#hash.update(`blob ${byteLength}\0`);
  }

  /** Hashes on, up to `end`, as soon as what was asked before is done. */
  advance(end: number): Promise<void> {
    const next = this.#running.then(() => this.#run(end));
    // An error is met again by whoever waits for the digest.
    this.#running = next;
    next.catch(() => undefined);
    return next;
  }

  /** The hash of the first `byteLength` bytes, in hexadecimal. */
  async digest(byteLength: number): Promise<string> {
    await this.advance(byteLength);
    return this.#hash.digest("hex");
  }

  async #run(end: number): Promise<void> {
    while (this.#hashed < end) {
      const wanted = this.#piece.subarray(0, Math.min(PIECE_BYTES, end - this.#hashed));
      const length = await this.#file.read(this.#hashed, wanted);
      if (length === 0) return; // Shorter than it should be: the digest will tell.
      this.#hash.update(wanted.subarray(0, length));
      this.#hashed += length;
    }
  }
}
