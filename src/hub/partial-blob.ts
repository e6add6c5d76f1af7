import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { JOURNAL_SUFFIX, PARTIAL_SUFFIX } from "./cache-layout.ts";

/** "STKJRNL1" and the file's and the chunks' length as 64-bit floats; then a 32-bit count of bytes for each chunk. */
const MAGIC = "STKJRNL1";
const HEADER_BYTES = 24;
const COUNT_BYTES = 4;

/** Bytes [begin, end) that are still missing of one chunk. */
export interface MissingRange {
  readonly chunk: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * A file that arrives in chunks, side by side. Beside it lies a journal of how many bytes of each chunk are there,
 * written after the bytes themselves: whenever the process ends, what the journal says is in the file.
 */
export class PartialBlob {
  readonly byteLength: number;
  readonly #path: string;
  readonly #chunkBytes: number;
  readonly #file: FileHandle;
  readonly #journal: FileHandle;
  readonly #done: Uint32Array;

  private constructor(
    path: string,
    byteLength: number,
    chunkBytes: number,
    handles: { file: FileHandle; journal: FileHandle },
    done: Uint32Array,
  ) {
    this.#path = path;
    this.byteLength = byteLength;
    this.#chunkBytes = chunkBytes;
    this.#file = handles.file;
    this.#journal = handles.journal;
    this.#done = done;
  }

  /** Opens what an earlier run left of a blob, or starts anew. */
  static async open(path: string, byteLength: number, chunkBytes: number): Promise<PartialBlob> {
    const file = await openInPlace(path + PARTIAL_SUFFIX);
    try {
      const journal = await openInPlace(path + JOURNAL_SUFFIX);
      const count = Math.ceil(byteLength / chunkBytes);
      const { size } = await file.stat();
      let done = size === byteLength ? await readJournal(journal, byteLength, chunkBytes, count) : undefined;
      if (done === undefined) {
        done = new Uint32Array(count);
        await journal.truncate(0);
        await file.truncate(0);
        await file.truncate(byteLength);
        await journal.write(journalHeader(byteLength, chunkBytes), 0, HEADER_BYTES, 0);
      }
      return new PartialBlob(path, byteLength, chunkBytes, { file, journal }, done);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get doneBytes(): number {
    return this.#done.reduce((sum, count) => sum + count, 0);
  }

  /** Length of the beginning that is there without a gap. */
  get prefixBytes(): number {
    const gap = this.#done.findIndex((count, chunk) => count < this.#lengthOf(chunk));
    return gap < 0 ? this.byteLength : gap * this.#chunkBytes + (this.#done[gap] ?? 0);
  }

  missing(): MissingRange[] {
    const ranges = [...this.#done].map((count, chunk) => {
      const start = chunk * this.#chunkBytes;
      return { chunk, begin: start + count, end: start + this.#lengthOf(chunk) };
    });
    return ranges.filter(({ begin, end }) => begin < end);
  }

  /** What is missing of one chunk. */
  missingOf(chunk: number): MissingRange {
    const start = chunk * this.#chunkBytes;
    return { chunk, begin: start + (this.#done[chunk] ?? 0), end: start + this.#lengthOf(chunk) };
  }

  /** Writes parts that start at `position`, as far as they are what comes next in their chunks; gives how many bytes were. */
  async write(position: number, parts: readonly Uint8Array[], length: number): Promise<number> {
    const chunk = Math.floor(position / this.#chunkBytes);
    const { begin, end } = this.missingOf(chunk);
    // The usual case, without a copy: what comes next in one chunk.
    if (begin !== position || position + length > end)
      return await this.#writeAcross(position, Buffer.concat(parts));
    await writeAll(this.#file, parts, position, length);
    await this.#count(chunk, position + length - chunk * this.#chunkBytes);
    return length;
  }

  async #writeAcross(position: number, bytes: Uint8Array): Promise<number> {
    let written = 0;
    for (let at = position; at < position + bytes.length;) {
      const chunk = Math.floor(at / this.#chunkBytes);
      const { begin, end } = this.missingOf(chunk);
      const stop = Math.min(end, position + bytes.length);
      if (begin >= at && begin < stop) {
        await writeAll(this.#file, [bytes.subarray(begin - position, stop - position)], begin, stop - begin);
        await this.#count(chunk, stop - chunk * this.#chunkBytes);
        written += stop - begin;
      }
      at = Math.max(stop, (chunk + 1) * this.#chunkBytes);
    }
    return written;
  }

  /** Reads up to `bytes.length` bytes from `position`. */
  async read(position: number, bytes: Uint8Array): Promise<number> {
    return (await this.#file.read(bytes, 0, bytes.length, position)).bytesRead;
  }

  /** Gives the complete file its own name. */
  async finish(): Promise<void> {
    await this.close();
    await rename(this.#path + PARTIAL_SUFFIX, this.#path);
    await rm(this.#path + JOURNAL_SUFFIX, { force: true });
  }

  /** Removes what is there. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.#path + JOURNAL_SUFFIX, { force: true });
    await rm(this.#path + PARTIAL_SUFFIX, { force: true });
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#journal.close();
  }

  #lengthOf(chunk: number): number {
    return Math.min(this.#chunkBytes, this.byteLength - chunk * this.#chunkBytes);
  }

  async #count(chunk: number, count: number): Promise<void> {
    this.#done[chunk] = count;
    const bytes = new Uint8Array(COUNT_BYTES);
    new DataView(bytes.buffer).setUint32(0, count, true);
    await writeAll(this.#journal, [bytes], HEADER_BYTES + chunk * COUNT_BYTES, COUNT_BYTES);
  }
}

/** For reading and writing; never through a link that someone put there. */
async function openInPlace(path: string): Promise<FileHandle> {
  // Windows has no such flag, and asks for a right to make links.
  const noFollow = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
  return await open(path, constants.O_RDWR | constants.O_CREAT | noFollow, 0o666);
}

async function writeAll(
  handle: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
  length: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev([...parts], position);
  if (bytesWritten === length) return;
  // The system took less than was given, which it may: the rest one by one.
  const bytes = Buffer.concat(parts);
  for (let done = bytesWritten; done < length;) {
    done += (await handle.write(bytes, done, length - done, position + done)).bytesWritten;
  }
}

function journalHeader(byteLength: number, chunkBytes: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(header.buffer);
  view.setFloat64(8, byteLength, true);
  view.setFloat64(16, chunkBytes, true);
  return header;
}

/** The counts of a journal; undefined if it is not one of this file in chunks of this length. */
async function readJournal(
  journal: FileHandle,
  byteLength: number,
  chunkBytes: number,
  count: number,
): Promise<Uint32Array | undefined> {
  const bytes = new Uint8Array(HEADER_BYTES + count * COUNT_BYTES);
  const { bytesRead } = await journal.read(bytes, 0, bytes.length, 0);
  const header = journalHeader(byteLength, chunkBytes);
  if (bytesRead < HEADER_BYTES || header.some((byte, at) => byte !== bytes[at])) return undefined;
  const view = new DataView(bytes.buffer);
  // Counts that were not reached by the end of the file are zero.
  const done = Uint32Array.from({ length: count }, (_, chunk) =>
    view.getUint32(HEADER_BYTES + chunk * COUNT_BYTES, true),
  );
  const fits = done.every((each, chunk) => each <= Math.min(chunkBytes, byteLength - chunk * chunkBytes));
  return fits ? done : undefined;
}
