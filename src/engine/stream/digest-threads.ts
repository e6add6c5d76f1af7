import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { EngineError } from "../../errors.ts";
import type { WeightFile } from "../../sources/types.ts";
import type { DigestReply, DigestRequest } from "./digest-worker.ts";

type Step = DigestRequest extends infer R
  ? R extends DigestRequest
    ? Omit<R, "id" | "file">
    : never
  : never;

interface Waiting {
  readonly resolve: (digest: string) => void;
  readonly reject: (error: Error) => void;
}

/** The others receive and merge. */
const CORES_PER_THREAD = 2;
/** More do not hash faster than a line of 25 Gbit/s brings. */
const MOST_THREADS = 4;

/** SHA-256 of files that pass through the spool, computed beside everything else; each file in one thread. */
export class DigestThreads {
  readonly #spool: WeightFile;
  readonly #threads: DigestThread[] = [];
  readonly #byFile = new Map<string, DigestThread>();
  #isClosed = false;

  constructor(spool: WeightFile) {
    this.#spool = spool;
  }

  /** Adds bytes that are in memory. */
  async addBytes(file: string, bytes: Uint8Array): Promise<void> {
    await this.#of(file).ask(file, { bytes });
  }

  /** Adds a part of the spool. */
  async addRange(file: string, offset: number, byteLength: number): Promise<void> {
    await this.#of(file).ask(file, { offset, byteLength });
  }

  /** The digest of all that was added, in hex. */
  async digest(file: string): Promise<string> {
    return await this.#of(file).ask(file, { end: true });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #of(file: string): DigestThread {
    // What was on its way when a run failed must start no thread that nobody ends.
    if (this.#isClosed) throw failure("it is closed");
    const most = Math.min(MOST_THREADS, Math.ceil(availableParallelism() / CORES_PER_THREAD));
    const known = this.#byFile.get(file);
    if (known !== undefined) return known;
    const next = this.#byFile.size % most;
    const thread = (this.#threads[next] ??= new DigestThread(this.#spool));
    this.#byFile.set(file, thread);
    return thread;
  }
}

class DigestThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  /** Why it answers no more. */
  #failed: Error | undefined;

  constructor(spool: WeightFile) {
    this.#worker = new Worker(new URL("./digest-worker.js", import.meta.url), { workerData: spool });
    this.#worker.on("message", ({ id, digest = "", failed }: DigestReply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failed === undefined) waiting?.resolve(digest);
      else waiting?.reject(failure(failed));
    });
    this.#worker.on("error", (error) => {
      this.#failed = failure(String(error));
      for (const { reject } of this.#waiting.values()) reject(this.#failed);
      this.#waiting.clear();
    });
  }

  async ask(file: string, step: Step): Promise<string> {
    if (this.#failed !== undefined) throw this.#failed;
    const id = this.#nextId++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, file, ...step });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

const failure = (reason: string) =>
  new EngineError("ENGINE_WORKER", `The thread that verifies failed: ${reason}`);
