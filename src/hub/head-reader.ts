import { SourceError } from "../errors.ts";
import { parseHead } from "./http-head.ts";
import type { Head } from "./http-head.ts";

/** Of an answer's head with the early hints before it, and of what is read of a body before anybody asked for it. */
const HEAD_BYTES = 65_536;
const END = "\r\n\r\n";

/** Gathers the head of an answer, and keeps what comes behind it. */
export class HeadReader {
  readonly #memory = Buffer.allocUnsafeSlow(HEAD_BYTES);
  /** Of the memory; the head that is being read begins at `#start`, behind early hints. */
  #filled = 0;
  #start = 0;

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  /** Where the next bytes go. */
  space(): Uint8Array {
    return this.#memory.subarray(this.#filled);
  }

  /** True for bytes that lie in this reader's memory. */
  owns({ buffer }: Uint8Array): boolean {
    return buffer === this.#memory.buffer;
  }

  clear(): void {
    this.#filled = this.#start = 0;
  }

  /** The head, once all of it has come, and what came behind it. Throws a SourceError if it is none. */
  came(byteLength: number): { readonly head: Head; readonly rest: Buffer } | undefined {
    let from = Math.max(this.#start, this.#filled - END.length + 1);
    this.#filled += byteLength;
    const come = this.#memory.subarray(0, this.#filled);
    for (;;) {
      const end = come.indexOf(END, from, "latin1");
      if (end < 0 && this.#filled < HEAD_BYTES) return undefined;
      const head = end < 0 ? undefined : parseHead(come.toString("latin1", this.#start, end));
      if (head === undefined) throw new SourceError("HUB_UNREACHABLE", "it sent something that is no answer");
      from = this.#start = end + END.length;
      // An early hint goes before the answer itself.
      if (head.status < 200) continue;
      const rest = Buffer.from(come.subarray(from));
      this.clear();
      return { head, rest };
    }
  }
}
