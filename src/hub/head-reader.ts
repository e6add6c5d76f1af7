import { SourceError } from "../errors.ts";
import { parseHead } from "./http-head.ts";
import type { Head } from "./http-head.ts";

/** Of an answer's head, and of what is read of a body before anybody asked for it. */
const HEAD_BYTES = 65_536;
const END = "\r\n\r\n";

/** Gathers the head of an answer, and keeps what comes behind it. */
export class HeadReader {
  readonly #memory = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #filled = 0;

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
    this.#filled = 0;
  }

  /** The head, once all of it has come, and what came behind it. Throws a SourceError if it is none. */
  came(byteLength: number): { readonly head: Head; readonly rest: Buffer } | undefined {
    const before = Math.max(0, this.#filled - END.length + 1);
    this.#filled += byteLength;
    const come = this.#memory.subarray(0, this.#filled);
    const end = come.indexOf(END, before, "latin1");
    if (end < 0 && this.#filled < HEAD_BYTES) return undefined;
    const head = end < 0 ? undefined : parseHead(come.toString("latin1", 0, end));
    if (head === undefined) throw new SourceError("HUB_UNREACHABLE", "it sent something that is no answer");
    const rest = Buffer.from(come.subarray(end + END.length));
    this.#filled = 0;
    // An early hint goes before the answer itself.
    if (head.status >= 200) return { head, rest };
    this.#memory.set(rest);
    return rest.length === 0 ? undefined : this.came(rest.length);
  }
}
