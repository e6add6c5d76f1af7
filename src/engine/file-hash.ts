import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { SourceError } from "../errors.ts";

/** Fits the caches of a core, and is large enough that a read costs more than its call. */
const READ_BYTES = 1_048_576;

/** SHA-256 of a file that may still be written to behind the point up to which it is final. */
export class FileHash {
  readonly #path: string;
  readonly #hash = createHash("sha256");
  #descriptor: number | undefined;
  #done = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes in the bytes up to `end`; tells how many after each read. Throws a SourceError if there are fewer. */
  advance(end: number, buffer: Uint8Array, onRead: (byteLength: number) => void): void {
    this.#descriptor ??= openSync(this.#path, "r");
    while (this.#done < end) {
      const length = Math.min(buffer.length, end - this.#done);
      const got = readSync(this.#descriptor, buffer, 0, length, this.#done);
      if (got === 0) {
        const message = `${this.#path} ends after ${this.#done} of ${end} bytes`;
        throw new SourceError("SOURCE_CHANGED", message, { where: this.#path });
      }
      this.#hash.update(buffer.subarray(0, got));
      this.#done += got;
      onRead(got);
    }
  }

  /** In lower-case hex. */
  digest(): string {
    this.close();
    return this.#hash.digest("hex");
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

export const readBuffer = (): Uint8Array => new Uint8Array(READ_BYTES);
