import { constants } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { JOURNAL_SUFFIX, PARTIAL_SUFFIX } from "./cache-layout.ts";
import { Journal, writeAll } from "./journal.ts";
import type { Division } from "./journal.ts";

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
  readonly #handles: readonly FileHandle[];
  readonly #journal: Journal;
  /** Chunks that are being written, each by one at a time: what was verified must not be written over. */
  readonly #busy = new Set<number>();

  private constructor(
    path: string,
    division: Division,
    handles: readonly [FileHandle, FileHandle],
    journal: Journal,
  ) {
    this.#path = path;
    this.byteLength = division.byteLength;
    this.#chunkBytes = division.chunkBytes;
    [this.#file] = handles;
    this.#handles = handles;
    this.#journal = journal;
  }

  /** Opens what an earlier run left of a blob, or starts anew. */
  static async open(path: string, byteLength: number, chunkBytes: number): Promise<PartialBlob> {
    const division = { byteLength, chunkBytes };
    const opened: FileHandle[] = [];
    try {
      const file = await openInPlace(path + PARTIAL_SUFFIX, opened);
      const handle = await openInPlace(path + JOURNAL_SUFFIX, opened);
      const { size } = await file.stat();
      let journal = size === byteLength ? await Journal.read(handle, division) : undefined;
      if (journal === undefined) {
        // In this order: a journal is never beside bytes that it is not about.
        journal = await Journal.start(handle, division);
        await file.truncate(0);
        await file.truncate(byteLength);
      }
      return new PartialBlob(path, division, [file, handle], journal);
    } catch (error) {
      for (const handle of opened) await handle.close();
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
    return [...this.#done.keys()]
      .map((chunk) => this.missingOf(chunk))
      .filter(({ begin, end }) => begin < end);
  }

  /** What is missing of one chunk. */
  missingOf(chunk: number): MissingRange {
    const start = chunk * this.#chunkBytes;
    return { chunk, begin: start + (this.#done[chunk] ?? 0), end: start + this.#lengthOf(chunk) };
  }

  /**
   * Writes bytes that start at `position`, as far as they are what comes next in their chunks and nobody else is at those;
   * gives how many bytes were.
   */
  async write(position: number, bytes: Uint8Array): Promise<number> {
    let written = 0;
    for (let at = position; at < position + bytes.length;) {
      const chunk = Math.floor(at / this.#chunkBytes);
      const { begin, end } = this.missingOf(chunk);
      const stop = Math.min(end, position + bytes.length);
      if (begin >= at && begin < stop && !this.#busy.has(chunk)) {
        this.#busy.add(chunk);
        try {
          await writeAll(this.#file, bytes.subarray(begin - position, stop - position), begin);
          this.#journal.note(chunk, stop - chunk * this.#chunkBytes);
        } finally {
          this.#busy.delete(chunk);
        }
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

  /** Gives the complete file its own name, unless another process has: one that took over while this one was halted. */
  async finish(): Promise<void> {
    await this.close();
    await rename(this.#path + PARTIAL_SUFFIX, this.#path).catch(async (error: unknown) => {
      const there = await stat(this.#path).catch(() => undefined);
      if (there?.size !== this.byteLength) throw error;
    });
    await rm(this.#path + JOURNAL_SUFFIX, { force: true });
  }

  /** Removes what is there. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.#path + JOURNAL_SUFFIX, { force: true });
    await rm(this.#path + PARTIAL_SUFFIX, { force: true });
  }

  async close(): Promise<void> {
    await this.#journal.settled().catch(() => undefined);
    for (const handle of this.#handles) await handle.close();
  }

  #lengthOf(chunk: number): number {
    return Math.min(this.#chunkBytes, this.byteLength - chunk * this.#chunkBytes);
  }

  get #done(): Readonly<Uint32Array> {
    return this.#journal.counts;
  }
}

/** For reading and writing; never through a link that someone put there. */
async function openInPlace(path: string, opened: FileHandle[]): Promise<FileHandle> {
  // Windows has no such flag, and asks for a right to make links.
  const noFollow = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | noFollow, 0o666);
  opened.push(handle);
  return handle;
}
