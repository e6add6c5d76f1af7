import type { FileHandle } from "node:fs/promises";

/** "STKJRNL1" and the file's and the chunks' length as 64-bit floats; then a 32-bit count of bytes for each chunk. */
const MAGIC = "STKJRNL1";
const HEADER_BYTES = 24;
const COUNT_BYTES = 4;

/** Chunks that a file is divided into. */
export interface Division {
  readonly byteLength: number;
  readonly chunkBytes: number;
}

/**
 * How many bytes of each chunk of a file are there. Written after the bytes themselves, and while one change is written
 * the next ones gather, so that a fast line does not write more of it than of the file.
 */
export class Journal {
  readonly #handle: FileHandle;
  readonly #counts: Uint32Array;
  /** Chunks whose counts are not in the file yet: [begin, end). */
  #begin = Infinity;
  #end = 0;
  #writing: Promise<void> | undefined;

  private constructor(handle: FileHandle, counts: Uint32Array) {
    this.#handle = handle;
    this.#counts = counts;
  }

  /** The journal that lies in a file; undefined if it is none of a file divided like this. */
  static async read(handle: FileHandle, division: Division): Promise<Journal | undefined> {
    const { byteLength, chunkBytes } = division;
    const count = Math.ceil(byteLength / chunkBytes);
    const bytes = new Uint8Array(HEADER_BYTES + count * COUNT_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const header = headerOf(division);
    if (bytesRead < HEADER_BYTES || header.some((byte, at) => byte !== bytes[at])) return undefined;
    const view = new DataView(bytes.buffer);
    // Counts that were not reached by the end of the file are zero.
    const counts = Uint32Array.from({ length: count }, (_, chunk) =>
      view.getUint32(HEADER_BYTES + chunk * COUNT_BYTES, true),
    );
    const fits = counts.every((each, chunk) => each <= Math.min(chunkBytes, byteLength - chunk * chunkBytes));
    return fits ? new Journal(handle, counts) : undefined;
  }

  /** A journal of nothing, in place of what the file held. */
  static async start(handle: FileHandle, division: Division): Promise<Journal> {
    await handle.truncate(0);
    await handle.write(headerOf(division), 0, HEADER_BYTES, 0);
    return new Journal(handle, new Uint32Array(Math.ceil(division.byteLength / division.chunkBytes)));
  }

  get counts(): Readonly<Uint32Array> {
    return this.#counts;
  }

  /** Notes that so many bytes of a chunk are in the file. */
  note(chunk: number, count: number): void {
    this.#counts[chunk] = Math.max(count, this.#counts[chunk] ?? 0);
    this.#begin = Math.min(this.#begin, chunk);
    this.#end = Math.max(this.#end, chunk + 1);
    this.#writing ??= this.#write();
    // `settled` tells of it.
    this.#writing.catch(() => undefined);
  }

  /** All that was noted is written. Rejects with the system's error if it could not be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#begin < this.#end) {
      const [begin, end] = [this.#begin, this.#end];
      [this.#begin, this.#end] = [Infinity, 0];
      const bytes = new Uint8Array((end - begin) * COUNT_BYTES);
      const view = new DataView(bytes.buffer);
      for (let chunk = begin; chunk < end; chunk++)
        view.setUint32((chunk - begin) * COUNT_BYTES, this.#counts[chunk] ?? 0, true);
      await writeAll(this.#handle, bytes, HEADER_BYTES + begin * COUNT_BYTES);
    }
    this.#writing = undefined;
  }
}

/** Writes all bytes, though the system may take less at a time. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

function headerOf({ byteLength, chunkBytes }: Division): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(header.buffer);
  view.setFloat64(8, byteLength, true);
  view.setFloat64(16, chunkBytes, true);
  return header;
}
