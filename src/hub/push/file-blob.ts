import { open } from "node:fs/promises";
import { ReadableStream } from "node:stream/web";
import { SourceError } from "../../errors.ts";

/** Bytes read at once. */
const PIECE_BYTES = 2 ** 20;

/** Called with the length of each piece that was read. */
export type OnRead = (bytes: number) => void;

/**
 * The bytes [begin, end) of a file as a Blob that reads them when asked. Node's own `fs.openAsBlob` cuts lengths to 32
 * bits in Node 20, so that a shard of 5 GB would arrive as one of 705 MB.
 */
export class FileBlob extends Blob {
  readonly #path: string;
  readonly #begin: number;
  readonly #end: number;
  readonly #onRead: OnRead | undefined;

  constructor(path: string, begin: number, end: number, onRead?: OnRead) {
    super([]);
    // Node's declaration has it as a property, which no accessor may override.
    Object.defineProperty(this, "size", { value: end - begin });
    this.#path = path;
    this.#begin = begin;
    this.#end = end;
    this.#onRead = onRead;
  }

  /** Positions beyond the end mean the end; negative ones count from it, as in any Blob. */
  override slice(begin = 0, end = this.size): FileBlob {
    const at = (position: number) => {
      const from = position < 0 ? this.#end + position : this.#begin + position;
      return Math.min(Math.max(from, this.#begin), this.#end);
    };
    return new FileBlob(this.#path, at(begin), Math.max(at(begin), at(end)), this.#onRead);
  }

  /** The same bytes, with somebody who counts them as they are read. */
  watched(onRead: OnRead): FileBlob {
    return new FileBlob(this.#path, this.#begin, this.#end, onRead);
  }

  override stream(): ReturnType<Blob["stream"]> {
    // The two declarations of web streams, Node's and the platform's, differ in name only.
    return ReadableStream.from(this.#pieces());
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    let filled = 0;
    for await (const piece of this.#pieces()) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes.buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  /** Throws a SourceError if the file is shorter than it was. */
  async *#pieces(): AsyncGenerator<Uint8Array> {
    const file = await open(this.#path, "r");
    try {
      for (let at = this.#begin; at < this.#end;) {
        const length = Math.min(PIECE_BYTES, this.#end - at);
        const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, at);
        if (bytesRead === 0) throw changed(this.#path);
        at += bytesRead;
        this.#onRead?.(bytesRead);
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
}

function changed(path: string): SourceError {
  const hint = "Push again when nothing writes to the folder.";
  return new SourceError("SOURCE_CHANGED", `${path} became shorter while it was read`, { where: path, hint });
}
