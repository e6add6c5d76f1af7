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

/** Hashes a large file in a thread, while the main one receives more of it: on a fast line one alone could not do both. */
export class ThreadHash implements GrowingHash {
  readonly #worker: Worker;
  readonly #digest: Promise<string>;

  constructor(path: string, { byteLength, algorithm }: HubFile) {
    const task: HashTask = { path, byteLength, algorithm };
    this.#worker = new Worker(new URL("./hash-worker.js", import.meta.url), { workerData: task });
    this.#digest = new Promise((resolve, reject) => {
      this.#worker.on("message", resolve);
      this.#worker.on("error", (cause) =>
        reject(
          new SourceError("HUB_CACHE", `${path} cannot be read: ${String(cause)}`, { where: path, cause }),
        ),
      );
    });
    // It is met by whoever waits for the digest.
    this.#digest.catch(() => undefined);
  }

  advance(end: number): void {
    this.#ask({ end, isLast: false });
  }

  async digest(byteLength: number): Promise<string> {
    this.#ask({ end: byteLength, isLast: true });
    return await this.#digest;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: HashRequest): void {
    this.#worker.postMessage(request);
  }
}
