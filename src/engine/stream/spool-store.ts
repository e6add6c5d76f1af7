import { closeSync, openSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { EngineError } from "../../errors.ts";
import { toSinkError } from "../../sink/errors.ts";
import type { WeightFile } from "../../sources/types.ts";
import type { Target } from "./remote-inputs.ts";

/** Of what comes, written to a spool file at a time. */
const WRITE_BYTES = 2 ** 18;
/** Room in which a spool in memory may grow where free parts are too small; takes addresses, not memory. */
const MOST_GROWTH = 4;

/** Where the bytes of a spool are. */
export interface SpoolStore {
  /** As workers see it. */
  readonly file: WeightFile;
  /** Takes consecutive bytes from an offset on. */
  target(offset: number): Target;
  close(): Promise<void>;
}

const spoolFile = { name: "the spool", byteLength: 0, modifiedMs: 0 };

/** Memory that threads share: what arrives is there for workers at once. */
export class MemoryStore implements SpoolStore {
  readonly file: WeightFile;
  readonly #memory: SharedArrayBuffer;

  constructor(byteLength: number) {
    this.#memory = new SharedArrayBuffer(byteLength * MOST_GROWTH);
    this.file = { ...spoolFile, path: "", spool: this.#memory };
  }

  target(offset: number): Target {
    let at = offset;
    return {
      space: () => {
        if (at < this.#memory.byteLength) return new Uint8Array(this.#memory, at);
        throw new EngineError("INTERNAL", `The spool has no byte ${at}`);
      },
      came: (byteLength) => {
        at += byteLength;
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A file, for what would take too much memory; removed when it is closed. */
export class FileStore implements SpoolStore {
  readonly file: WeightFile;
  readonly #descriptor: number;
  #isClosed = false;

  /** Throws a SinkError if there is such a file, or there can be none. */
  constructor(path: string) {
    this.file = { ...spoolFile, path, spool: "file" };
    try {
      this.#descriptor = openSync(path, "wx+");
    } catch (error) {
      throw toSinkError(error, path);
    }
  }

  target(offset: number): Target {
    const memory = Buffer.allocUnsafeSlow(WRITE_BYTES);
    let at = offset;
    return {
      space: () => memory,
      came: (byteLength) => {
        this.#write(memory.subarray(0, byteLength), at);
        at += byteLength;
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    closeSync(this.#descriptor);
    await rm(this.file.path, { force: true });
  }

  /** Writes to the page cache take no longer than a trip to another thread would. */
  #write(bytes: Uint8Array, offset: number): void {
    // After a failure, others are still on their way; the descriptor may be of another file by now.
    if (this.#isClosed) throw new EngineError("INTERNAL", "The spool is closed");
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + done);
    } catch (error) {
      throw toSinkError(error, this.file.path);
    }
  }
}
