import type { DigestThreads } from "./digest-threads.ts";
import type { Block, Blocks } from "./blocks.ts";
import type { FilePosition } from "./ranges.ts";
import type { RemoteInputs } from "./remote-inputs.ts";

/** Longer beginnings than the largest header that the format allows are not fetched for the hash alone. */
const MAX_HEAD_BYTES = 100_000_008;

interface Digest {
  readonly position: FilePosition;
  readonly blocks: readonly Block[];
  readonly sha256: string;
  /** Position in `blocks` of the one to hash next. */
  next: number;
  /** Blocks that have come and wait for those before them. */
  readonly arrived: Map<Block, { readonly offset: number; readonly done: () => void }>;
  running: Promise<void>;
  /** The blocks cannot all be hashed in order. */
  givenUp: boolean;
}

/**
 * Hashes files of which every byte passes through the spool, in the order of their bytes: a block stays until those before
 * it have come. Files that are read in part, twice or in another order cannot be verified, and are counted.
 */
export class FileDigests {
  readonly #remote: RemoteInputs;
  readonly #threads: DigestThreads;
  readonly #digests = new Map<string, Digest>();
  #unverified = 0;

  constructor(blocks: Blocks, remote: RemoteInputs, threads: DigestThreads) {
    this.#remote = remote;
    this.#threads = threads;
    for (const each of blocks.files) {
      const [first] = each;
      const listed = first && remote.listed(first);
      if (first === undefined) continue;
      if (listed?.algorithm === "sha256" && coversAll(each, listed.byteLength)) {
        this.#digests.set(keyOf(first), {
          ...{ position: first, blocks: each, sha256: listed.hash },
          ...{ next: 0, arrived: new Map(), running: Promise.resolve(), givenUp: false },
        });
      } else this.#unverified += 1;
    }
  }

  /** Notes a block that has come; resolves when the spool may let it go. */
  arrived(block: Block, offset: number): Promise<void> {
    const digest = this.#digests.get(keyOf(block));
    if (digest === undefined || digest.givenUp) return Promise.resolve();
    if (digest.blocks.indexOf(block) < digest.next) {
      this.#giveUp(digest);
      return Promise.resolve();
    }
    return new Promise((done) => {
      digest.arrived.set(block, { offset, done });
      digest.running = digest.running.then(() => this.#advance(digest));
      // `finish` tells of it, unless the run has failed by then; until then nothing may wait for what is not hashed.
      digest.running.catch(() => this.#giveUp(digest));
    });
  }

  /**
   * Makes room for other blocks: by those that are being hashed or else by giving up the file for which most blocks wait.
   * False if none wait.
   */
  giveUpOne(): boolean {
    const waiting = [...this.#digests.values()].filter((each) => !each.givenUp && each.arrived.size > 0);
    if (waiting.some(isHashing)) return true;
    const [most] = waiting.sort((a, b) => b.arrived.size - a.arrived.size);
    if (most === undefined) return false;
    this.#giveUp(most);
    return true;
  }

  /** Number of files whose bytes could not be verified. Throws if one has other bytes than were listed. */
  async finish(): Promise<number> {
    for (const digest of this.#digests.values()) {
      await digest.running;
      if (digest.givenUp || digest.next < digest.blocks.length) {
        this.#unverified += 1;
        continue;
      }
      const found = await this.#threads.digest(keyOf(digest.position));
      const error = found === digest.sha256 ? undefined : this.#remote.wrong(digest.position, found);
      if (error !== undefined) throw error;
    }
    return this.#unverified;
  }

  #giveUp(digest: Digest): void {
    digest.givenUp = true;
    for (const { done } of digest.arrived.values()) done();
    digest.arrived.clear();
  }

  async #advance(digest: Digest): Promise<void> {
    for (;;) {
      const block = digest.blocks[digest.next];
      const entry = block && digest.arrived.get(block);
      if (block === undefined || entry === undefined || digest.givenUp) return;
      try {
        if (digest.next === 0) await this.#hashHead(digest, block.begin);
        await this.#threads.addRange(keyOf(block), entry.offset, block.end - block.begin);
      } finally {
        digest.next += 1;
        digest.arrived.delete(block);
        entry.done();
      }
    }
  }

  /** The header, which planning has read and forgotten. */
  async #hashHead(digest: Digest, byteLength: number): Promise<void> {
    const head = new Uint8Array(byteLength);
    await this.#remote.fetch({ ...digest.position, begin: 0, end: byteLength }, (start) => {
      let at = start;
      return { space: () => head.subarray(at), came: (count) => void (at += count) };
    });
    await this.#threads.addBytes(keyOf(digest.position), head);
  }
}

/** Whether the next block has come, so that it is hashed and will then be let go. */
function isHashing({ blocks, next, arrived }: Digest): boolean {
  const block = blocks[next];
  return block !== undefined && arrived.has(block);
}

const keyOf = ({ model, file }: FilePosition) => `${model}:${file}`;

/** Whether blocks follow each other without a gap from the end of a header to the end of the file. */
function coversAll(blocks: readonly Block[], byteLength: number): boolean {
  const gaps = blocks.some(({ begin }, k) => k > 0 && blocks[k - 1]?.end !== begin);
  return !gaps && (blocks[0]?.begin ?? Infinity) <= MAX_HEAD_BYTES && blocks.at(-1)?.end === byteLength;
}
