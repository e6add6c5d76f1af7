import { BlockWriter } from "./block-writer.ts";
import type { BlockPool } from "./block-writer.ts";
import { PARTIAL_SUFFIX } from "./cache-layout.ts";
import { ThreadHash } from "./hash-thread.ts";
import { PartialBlob } from "./partial-blob.ts";
import type { MissingRange } from "./partial-blob.ts";
import { hubError, subjectText } from "./failures.ts";
import { repositoryText } from "./repository.ts";
import type { RemoteFile, OpenRange } from "./remote-file.ts";
import { retry } from "./retry.ts";
import type { Attempt } from "./retry.ts";
import type { Slots } from "./slots.ts";
import { FileHash } from "./verify-hash.ts";
import type { GrowingHash } from "./verify-hash.ts";

/** Whole files in place of ranges, after which the server is believed to know no ranges. */
const MAX_WHOLE_ANSWERS = 2;

/** Files from this size on are hashed in a thread of their own, which takes as long to start as 16 MiB to hash. */
const THREAD_BYTES = 16 * 2 ** 20;

/** Bytes that are there and may wait to be hashed: what waits at the end is hashed while nothing else is done. */
const MAX_UNHASHED_BYTES = 32 * 2 ** 20;

interface DownloadOptions {
  /** The connections that all files share. */
  readonly slots: Slots;
  readonly blocks: BlockPool;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes that have come in addition, those of earlier runs first. */
  readonly onBytes: (count: number) => void;
}

/**
 * Downloads a file to `path`, going on from what an earlier run left, and gives it that name once its hash is right.
 * Throws a SourceError; all that has arrived is then kept, unless it is wrong.
 */
export async function downloadBlob(
  remote: RemoteFile,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { chunkBytes } = remote.transport.limits;
  const { byteLength } = remote.file;
  const partial = await PartialBlob.open(path, byteLength, chunkBytes);
  const hash =
    byteLength < THREAD_BYTES
      ? new FileHash(partial, remote.file)
      : new ThreadHash(path + PARTIAL_SUFFIX, remote.file);
  const download = new Download(remote, partial, hash, options);
  let digest: string;
  try {
    await download.run();
    digest = await download.hash.digest(byteLength);
  } catch (error) {
    await partial.close();
    throw error;
  } finally {
    await download.hash.close();
  }
  if (digest === remote.file.hash) {
    await partial.finish();
    return;
  }
  await partial.discard();
  const message = `${subjectText(remote.subject)} arrived with the hash ${digest}, the Hub lists ${remote.file.hash}`;
  const pull = `"stockpot pull ${repositoryText(remote.subject)}"`;
  const hint = `This file was removed, all others are kept: ${pull} downloads it again. Should it happen again, tell the model's author.`;
  throw hubError("HUB_CHECKSUM", remote.subject, message, hint);
}

class Download {
  readonly hash: GrowingHash;
  readonly #remote: RemoteFile;
  readonly #partial: PartialBlob;
  readonly #options: DownloadOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #wholeAnswers = 0;
  /** Not while what an earlier run left is hashed: the network need not wait for that. */
  #isPaced = false;

  constructor(remote: RemoteFile, partial: PartialBlob, hash: GrowingHash, options: DownloadOptions) {
    this.hash = hash;
    this.#remote = remote;
    this.#partial = partial;
    this.#options = options;
    const { signal } = options;
    this.#signal = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
  }

  async run(): Promise<void> {
    this.#options.onBytes(this.#partial.doneBytes);
    this.#hashOn();
    const queue = this.#partial.missing();
    // The first range alone: a server that knows none sends the whole file, and a refusal comes once only.
    const first = queue.shift();
    if (first !== undefined) await this.#fetch(first);
    void this.hash.reached(this.#unhashedFrom()).then(() => (this.#isPaced = true));
    const next = async (): Promise<void> => {
      for (let range = queue.shift(); range !== undefined; range = queue.shift()) {
        await this.#fetch(range);
        if (queue.length > 0 && this.#isPaced) await this.hash.reached(this.#unhashedFrom());
      }
    };
    const workers = Array.from({ length: this.#remote.transport.limits.connections }, next);
    try {
      await Promise.all(workers);
    } finally {
      // The first failure ends the others; it alone is worth telling.
      this.#stop.abort();
      await Promise.allSettled(workers);
    }
  }

  /** Fetches what is missing of a chunk. */
  async #fetch({ chunk }: MissingRange): Promise<void> {
    const { transport, giveUp } = this.#remote;
    const once = async (): Promise<Attempt<undefined>> =>
      await this.#options.slots.run(async () => {
        const { begin, end } = this.#partial.missingOf(chunk);
        if (begin === end) return { value: undefined };
        const opened = await this.#remote.open(begin, end, this.#signal);
        if ("again" in opened) return opened;
        if (opened.begin < begin && ++this.#wholeAnswers < MAX_WHOLE_ANSWERS) {
          opened.answer.body.drop();
          return { again: "it sent the whole file instead of a range" };
        }
        return await this.#receive(opened, () => this.#partial.missingOf(chunk));
      });
    await retry(once, transport.limits, giveUp, this.#signal);
    this.#hashOn();
  }

  /** Writes what comes, until the chunk is complete and nothing more was announced. */
  async #receive(opened: OpenRange, missing: () => MissingRange): Promise<Attempt<undefined>> {
    const { blocks, onBytes } = this.#options;
    const writer = new BlockWriter(this.#partial, opened.begin, blocks, onBytes);
    let failure: string | undefined;
    try {
      failure = await opened.answer.body.into(writer);
    } finally {
      await writer.end();
    }
    const { begin, end } = missing();
    return begin === end
      ? { value: undefined }
      : { again: failure ?? "the answer was cut short", progressed: writer.written > 0 };
  }

  #unhashedFrom(): number {
    return this.#partial.prefixBytes - MAX_UNHASHED_BYTES;
  }

  #hashOn(): void {
    this.hash.advance(this.#partial.prefixBytes);
  }
}
