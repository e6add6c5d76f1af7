import type { Refuse } from "./rebuild.ts";

/** Longer integers are seeds and states, of which nothing is asked. */
const MAX_INTEGER_BYTES = 16;

/** Reads the arguments of opcodes, none of them beyond the end. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #refuse: Refuse;
  #at = 0;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#refuse = refuse;
  }

  get at(): number {
    return this.#at;
  }

  /** Moves on by `length` bytes and returns where they start. */
  skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) return this.#refuse("it ends early");
    this.#at += length;
    return start;
  }

  uint8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  /** A length; where it is not exact it is beyond the end of any file. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }

  /** Big-endian, alone among the numbers. */
  float64(): number {
    return this.#view.getFloat64(this.skip(8));
  }

  /** A signed little-endian integer: a number where that is exact, undefined where it is very long. */
  integer(length: number): number | bigint | undefined {
    const start = this.skip(length);
    if (length > MAX_INTEGER_BYTES) return undefined;
    let value = 0n;
    for (let k = length - 1; k >= 0; k--) value = value * 256n + BigInt(this.#bytes[start + k] ?? 0);
    value = BigInt.asIntN(8 * length, value);
    return BigInt.asIntN(54, value) === value ? Number(value) : value;
  }

  /** Text in UTF-8. Its length needs no limit of its own: the text is a part of a pickle of bounded length. */
  text(length: number): string {
    const start = this.skip(length);
    try {
      return this.#decoder.decode(this.#bytes.subarray(start, this.#at));
    } catch {
      return this.#refuse("a string is not UTF-8");
    }
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) return this.#refuse("it ends early");
    const text = this.text(end - this.#at);
    this.skip(1);
    return text;
  }
}
