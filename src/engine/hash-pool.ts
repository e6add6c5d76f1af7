import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { EngineError, InterruptedError, SourceError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import { FileHash, readBuffer } from "./file-hash.ts";

/** A thread starts in some 30 ms, in which 50 MB are hashed here. */
export const BYTES_WORTH_THREADS = 48 * 2 ** 20;
/** One hashes 1.8 GB/s where the processor has instructions for SHA-256, a third of it elsewhere. */
const MOST_THREADS = 8;
/** Messages to a thread come this far apart, in bytes. */
const STEP_BYTES = 8 * 2 ** 20;

/** A file to hash, whose length is known. */
export interface FileToHash {
  readonly path: string;
  readonly byteLength: number;
}

export interface HashRequest {
  readonly file: number;
  readonly path: string;
  /** Bytes before this are final. */
  readonly end: number;
  /** The file ends there. */
  readonly last: boolean;
}

export interface HashReply {
  readonly file: number;
  /** Bytes taken in since the last reply. */
  readonly byteLength: number;
  readonly sha256?: string;
  readonly failed?: { readonly code: ErrorCode | undefined; readonly message: string };
}

export interface HashOptions {
  /** At most; by default half of the cores, which leaves the others to whoever writes the files. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes hashed so far, of all files. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

/** SHA-256 of files on threads of their own, following whoever writes them. */
export class HashPool {
  readonly #files: readonly FileToHash[];
  readonly #options: HashOptions;
  readonly #workers: readonly Worker[];
  /** Of each file, the end of what was asked for. */
  readonly #asked: number[];
  readonly #digests: (string | undefined)[];
  readonly #done: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #left: number;
  #doneBytes = 0;

  constructor(files: readonly FileToHash[], options: HashOptions = {}) {
    this.#files = files;
    this.#options = options;
    this.#asked = files.map(() => 0);
    this.#digests = files.map(() => undefined);
    this.#left = files.length;
    const total = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const most = Math.min(
      options.threads ?? Math.ceil(availableParallelism() / 2),
      MOST_THREADS,
      files.length,
    );
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whether it fails is of interest only to whoever waits for it.
    this.#done.catch(() => undefined);
    this.#workers = Array.from({ length: total < BYTES_WORTH_THREADS ? 0 : most }, () => this.#start());
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = () => void this.stop();

  #start(): Worker {
    const worker = new Worker(new URL("./shard-hash-worker.js", import.meta.url));
    worker.on("message", (reply: HashReply) => this.#take(reply));
    worker.on("error", (cause: Error) =>
      this.#reject(new EngineError("ENGINE_WORKER", `A worker thread failed: ${cause.message}`, { cause })),
    );
    return worker;
  }

  #take({ file, byteLength, sha256, failed }: HashReply): void {
    this.#doneBytes += byteLength;
    this.#options.onProgress?.(this.#doneBytes);
    if (failed !== undefined) {
      const where = this.#files[file]?.path ?? "";
      this.#reject(new SourceError(failed.code ?? "SOURCE_UNREADABLE", failed.message, { where }));
    }
    if (sha256 === undefined) return;
    this.#digests[file] = sha256;
    if (--this.#left === 0) this.#resolve();
  }

  /** The bytes of a file before `end` are final. */
  advance(file: number, end: number): void {
    const { path, byteLength } = this.#files[file] ?? { path: "", byteLength: 0 };
    const asked = this.#asked[file] ?? 0;
    const last = end >= byteLength;
    if (this.#workers.length === 0 || (end - asked < STEP_BYTES && !last) || asked > byteLength) return;
    // One more than all stands for a file that was asked for to its end.
    this.#asked[file] = last ? byteLength + 1 : end;
    const worker = this.#workers[file % this.#workers.length];
    worker?.postMessage({ file, path, end: Math.min(end, byteLength), last } satisfies HashRequest);
  }

  /** All files are final: their digests in lower-case hex. Throws a SourceError for one that cannot be read to its end. */
  async finish(): Promise<readonly string[]> {
    try {
      if (this.#workers.length === 0) return this.#hashHere();
      for (const [file, { byteLength }] of this.#files.entries()) this.advance(file, byteLength);
      await this.#done;
      return this.#digests.map((digest) => digest ?? "");
    } finally {
      await this.stop();
    }
  }

  #hashHere(): readonly string[] {
    const buffer = readBuffer();
    return this.#files.map(({ path, byteLength }, file) => {
      if (this.#options.signal?.aborted === true) throw stopped();
      const hash = new FileHash(path);
      try {
        hash.advance(byteLength, buffer, (read) => this.#take({ file, byteLength: read }));
        return hash.digest();
      } catch (cause) {
        if (cause instanceof SourceError) throw cause;
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new SourceError("SOURCE_UNREADABLE", message, { where: path, cause });
      } finally {
        hash.close();
      }
    });
  }

  /** Ends the threads where they are. */
  async stop(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#reject(stopped());
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

const stopped = () => new InterruptedError("INTERRUPTED", "The merge was stopped");
