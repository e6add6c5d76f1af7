import { Worker } from "node:worker_threads";
import { SourceError } from "../errors.ts";
import type { HubFile } from "../sources/types.ts";
import type { GrowingHash } from "./verify-hash.ts";

export interface HashTask {
  readonly path: string;
  readonly byteLength: number;
  readonly algorithm: HubFile["algorithm"];
}

export interface HashRequest {
  readonly end: number;
  readonly isLast: boolean;
}

export interface HashReply {
  /** Bytes so far. */
  readonly hashed: number;
  /** Of the whole file. */
  readonly digest?: string;
}

/** Hashes a large file in a thread, while the main one receives more of it: on a fast line one alone could not do both. */
export class ThreadHash implements GrowingHash {
  readonly #worker: Worker;
  readonly #digest: Promise<string>;
  #hashed = 0;
  /** Those who wait until so many bytes are hashed. */
  #waiting: { readonly end: number; readonly goOn: () => void }[] = [];

  constructor(path: string, { byteLength, algorithm }: HubFile) {
    const task: HashTask = { path, byteLength, algorithm };
    this.#worker = new Worker(new URL("./hash-worker.js", import.meta.url), { workerData: task });
    this.#digest = new Promise((resolve, reject) => {
      this.#worker.on("message", ({ hashed, digest }: HashReply) => {
        this.#goOn(hashed);
        if (digest !== undefined) resolve(digest);
      });
      this.#worker.on("error", (cause) => {
        const message = `${path} cannot be read: ${String(cause)}`;
        reject(new SourceError("HUB_CACHE", message, { where: path, cause }));
      });
    });
    // Nobody waits for a thread that is gone; the digest tells why.
    this.#worker.on("exit", () => this.#goOn(Infinity));
    // It is met by whoever waits for the digest.
    this.#digest.catch(() => undefined);
  }

  advance(end: number): void {
    this.#ask({ end, isLast: false });
  }

  async reached(end: number): Promise<void> {
    if (end <= this.#hashed) return;
    await new Promise<void>((goOn) => this.#waiting.push({ end, goOn }));
  }

  async digest(byteLength: number): Promise<string> {
    this.#ask({ end: byteLength, isLast: true });
    return await this.#digest;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #goOn(hashed: number): void {
    this.#hashed = Math.max(this.#hashed, hashed);
    const reached = this.#waiting.filter(({ end }) => end <= this.#hashed);
    this.#waiting = this.#waiting.filter((each) => !reached.includes(each));
    for (const { goOn } of reached) goOn();
  }

  #ask(request: HashRequest): void {
    this.#worker.postMessage(request);
  }
}
