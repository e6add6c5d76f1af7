import { Worker } from "node:worker_threads";
import { EngineError } from "../../errors.ts";
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

/** SHA-256 of files that pass through the spool, computed beside everything else; started by its first use. */
export class DigestThread {
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Adds bytes that are in memory. */
  async addBytes(file: string, bytes: Uint8Array): Promise<void> {
    await this.#ask(file, { bytes });
  }

  /** Adds a part of the spool. */
  async addRange(file: string, offset: number, byteLength: number): Promise<void> {
    await this.#ask(file, { offset, byteLength });
  }

  /** The digest of all that was added, in hex. */
  async digest(file: string): Promise<string> {
    return await this.#ask(file, { end: true });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #ask(file: string, step: Step): Promise<string> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, file, ...step });
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./digest-worker.js", import.meta.url), {
      workerData: { path: this.#path },
    });
    worker.on("message", ({ id, digest = "", failed }: DigestReply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failed === undefined) waiting?.resolve(digest);
      else waiting?.reject(failure(failed));
    });
    worker.on("error", (error) => {
      for (const { reject } of this.#waiting.values()) reject(failure(String(error)));
      this.#waiting.clear();
    });
    return worker;
  }
}

const failure = (reason: string) =>
  new EngineError("ENGINE_WORKER", `The thread that verifies failed: ${reason}`);
