import type { Readable } from "node:stream";
import { isMergeError, SourceError } from "../errors.ts";
import { connectionFailure } from "./connection-failure.ts";

/** Takes the bytes of a body where they are wanted, so that none are copied on the way. */
export interface Sink {
  /** Where the next bytes go; at least one. */
  space(): Uint8Array;
  /**
   * So many bytes have come to the start of the space. Nothing more comes until the promise is kept, if one is given, or
   * at all after "enough". Errors end the body.
   */
  came(byteLength: number): Promise<void> | "enough" | undefined;
}

/** The body of an answer, on its way. */
export interface Body {
  /** Hands it to a sink; gives why it ended early, if it did. Rejects with the sink's errors and with INTERRUPTED. */
  into(sink: Sink): Promise<string | undefined>;
  /** Lets go what is still to come. */
  drop(): void;
}

/** What is shorter is read to its end when nobody wants it, so that its connection can serve again. */
const WORTH_A_CONNECTION_BYTES = 65_536;

export const isShort = (byteLength: number): boolean => byteLength <= WORTH_A_CONNECTION_BYTES;

/** A body that comes as a stream of parts. */
export class StreamBody implements Body {
  readonly #stream: Readable;
  readonly #byteLength: number;

  constructor(stream: Readable, byteLength: number) {
    this.#stream = stream;
    this.#byteLength = byteLength;
  }

  async into(sink: Sink): Promise<string | undefined> {
    const parts = (this.#stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const part = await parts.next().catch((cause: unknown) => new Broken(cause));
        if (part instanceof Broken) {
          if (isMergeError(part.cause, "INTERRUPTED")) throw part.cause;
          return connectionFailure(part.cause);
        }
        if (part.done === true || (await copy(part.value, sink)) === "enough") return undefined;
      }
    } finally {
      this.#stream.destroy();
    }
  }

  drop(): void {
    // What comes after this is of no interest, nor how it ends.
    this.#stream.on("error", () => undefined);
    if (isShort(this.#byteLength)) this.#stream.resume();
    else this.#stream.destroy();
  }
}

class Broken {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** Hands bytes that lie elsewhere to a sink. */
export function copyInto(sink: Sink, bytes: Uint8Array): ReturnType<Sink["came"]> {
  const waits: Promise<void>[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = sink.space();
    const part = bytes.subarray(at, at + space.length);
    space.set(part);
    const wait = sink.came(part.length);
    at += part.length;
    if (wait === "enough") {
      // Nobody waits for the others any more, nor for how they end.
      void Promise.allSettled(waits);
      return wait;
    }
    if (wait !== undefined) waits.push(wait);
  }
  return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
}

async function copy(bytes: Uint8Array, sink: Sink): Promise<"enough" | undefined> {
  const last = copyInto(sink, bytes);
  if (last === "enough") return last;
  await last;
  return undefined;
}

/** The whole body, or undefined if it is longer than `maxBytes`. Rejects with a SourceError if it breaks off. */
export async function readBody(body: Body, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let byteLength = 0;
  const space = new Uint8Array(WORTH_A_CONNECTION_BYTES);
  const failure = await body.into({
    space: () => space,
    came: (length) => {
      byteLength += length;
      if (byteLength > maxBytes) return "enough";
      parts.push(Buffer.from(space.subarray(0, length)));
      return undefined;
    },
  });
  if (failure !== undefined) throw new SourceError("HUB_UNREACHABLE", failure);
  return byteLength > maxBytes ? undefined : Buffer.concat(parts);
}
