import { RandomAccessReader } from "yauzl";
import type { Fail } from "../safetensors/failure.ts";
import type { ReadableFile } from "./readable-file.ts";

/** Some seven hundred entries of a directory. */
const WINDOW_BYTES = 65_536;

/**
 * Serves yauzl, which reads a directory in pieces of a few bytes, from larger reads; and refuses the offsets of a
 * hostile directory before they reach the file.
 */
export class RangeReader extends RandomAccessReader {
  readonly #file: ReadableFile;
  readonly #fail: Fail;
  #window: { offset: number; bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array() };
  /** End of the last read: one that starts there will be followed by others. */
  #next = -1;

  constructor(file: ReadableFile, fail: Fail) {
    super();
    this.#file = file;
    this.#fail = fail;
  }

  override read(
    buffer: Buffer,
    offset: number,
    byteLength: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (!Number.isSafeInteger(position) || position + byteLength > this.#file.byteLength) {
      const what = `the zip directory refers to byte ${position} and beyond, in a file of ${this.#file.byteLength} bytes`;
      callback(this.#fail("FORMAT_ZIP", what));
      return;
    }
    this.#bytes(position, byteLength).then((bytes) => {
      buffer.set(bytes, offset);
      callback(null);
    }, callback);
  }

  async #bytes(position: number, byteLength: number): Promise<Uint8Array> {
    const sequential = position === this.#next;
    this.#next = position + byteLength;
    const inWindow = position - this.#window.offset;
    if (inWindow >= 0 && inWindow + byteLength <= this.#window.bytes.length)
      return this.#window.bytes.subarray(inWindow, inWindow + byteLength);
    if (!sequential) return await this.#file.read(position, byteLength);
    const length = Math.max(byteLength, Math.min(WINDOW_BYTES, this.#file.byteLength - position));
    this.#window = { offset: position, bytes: await this.#file.read(position, length) };
    return this.#window.bytes.subarray(0, byteLength);
  }
}
