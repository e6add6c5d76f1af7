import type { Sink } from "./body.ts";
import type { PartialBlob } from "./partial-blob.ts";

/** What is written at once on a fast line; small enough that it is still in the processor's cache then. */
const BLOCK_BYTES = 2 ** 19;
/** On a slow line, what has come is written after so long (ms): a process that is killed loses no more. */
const FLUSH_MS = 10;
/** Of one connection, bytes that may wait for the disk. */
const MAX_WAITING_BYTES = 4 * BLOCK_BYTES;

/** Memory of blocks that are in use no more, for the next ones. */
export class BlockPool {
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  give(block: Uint8Array): void {
    this.#free.push(block);
  }
}

/** Writes what one connection brings, in blocks, each while the next one fills. */
export class BlockWriter implements Sink {
  written = 0;
  readonly #partial: PartialBlob;
  readonly #pool: BlockPool;
  readonly #onBytes: (count: number) => void;
  /** In the file, of the first byte of the block. */
  #position: number;
  #block: Uint8Array;
  /** Of the block, bytes that have come, and those of them that were given to be written. */
  #filled = 0;
  #given = 0;
  #waiting = 0;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(partial: PartialBlob, position: number, pool: BlockPool, onBytes: (count: number) => void) {
    this.#partial = partial;
    this.#position = position;
    this.#pool = pool;
    this.#onBytes = onBytes;
    this.#block = pool.take();
  }

  space(): Uint8Array {
    return this.#block.subarray(this.#filled);
  }

  came(byteLength: number): Promise<void> | undefined {
    this.#filled += byteLength;
    this.#waiting += byteLength;
    if (this.#filled === BLOCK_BYTES) {
      const full = this.#block;
      this.#flush();
      void this.#running.then(() => this.#pool.give(full)).catch(() => undefined);
      this.#position += BLOCK_BYTES;
      this.#block = this.#pool.take();
      [this.#filled, this.#given] = [0, 0];
    } else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
    return this.#waiting > MAX_WAITING_BYTES ? this.#running : undefined;
  }

  /** Writes the rest; rejects with the first error of the disk. Nothing may come afterwards. */
  async end(): Promise<void> {
    this.#flush();
    await this.#running;
    this.#pool.give(this.#block);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#given === this.#filled) return;
    const bytes = this.#block.subarray(this.#given, this.#filled);
    const position = this.#position + this.#given;
    this.#given = this.#filled;
    this.#running = this.#running.then(async () => {
      const written = await this.#partial.write(position, bytes);
      this.#waiting -= bytes.length;
      this.written += written;
      this.#onBytes(written);
    });
    // `end` tells of it.
    this.#running.catch(() => undefined);
  }
}
