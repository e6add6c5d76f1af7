import type { MergeError } from "../errors.ts";

/** Nesting that the reference parser (serde_json) allows; it also bounds this reader's recursion. */
const MAX_DEPTH = 128;

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
// Control characters are not allowed as such, which JSON.parse then says.
const NEEDS_DECODING = /[\\\u0000-\u001f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads JSON member by member. JSON.parse would hide duplicate keys and the spelling of numbers, and would build
 * whatever a hostile file nests; this reader leaves both to its caller.
 */
export class JsonReader {
  readonly #text: string;
  readonly #failure: (what: string, at: number) => MergeError;
  #at = 0;
  #depth = 0;

  /** `failure` makes the error for a break of JSON's grammar from what is wrong and the place in `text`. */
  constructor(text: string, failure: (what: string, at: number) => MergeError) {
    this.#text = text;
    this.#failure = failure;
  }

  /** First character of the next value: `{`, `[`, `"` or that of a number or literal; empty at the end. */
  peek(): string {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09)
        return this.#text.charAt(this.#at);
      this.#at++;
    }
  }

  /** Reads an object; `member` is called for each key, duplicates included, and must read the value. */
  object(member: (key: string) => void): void {
    this.#list("{", "}", () => {
      const key = this.string();
      this.#expect(":");
      member(key);
    });
  }

  /** Reads a list; `item` is called at each item and must read it. */
  list(item: () => void): void {
    this.#list("[", "]", item);
  }

  string(): string {
    const raw = this.#rawString();
    if (!NEEDS_DECODING.test(raw)) return raw.slice(1, -1);
    let decoded: unknown;
    try {
      decoded = JSON.parse(raw);
    } catch {
      decoded = undefined;
    }
    if (typeof decoded !== "string" || LONE_SURROGATE.test(decoded)) throw this.#error("a string is broken");
    return decoded;
  }

  /** Reads any value and returns its spelling. */
  value(): string {
    const first = this.peek();
    const start = this.#at;
    if (first === "{") this.object(() => void this.value());
    else if (first === "[") this.list(() => void this.value());
    else if (first === '"') this.string();
    else {
      SCALAR.lastIndex = start;
      if (!SCALAR.test(this.#text))
        throw this.#error(first === "" ? "the text ends early" : "this is no JSON value");
      this.#at = SCALAR.lastIndex;
    }
    return this.#text.slice(start, this.#at);
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== "") throw this.#error("text follows the closing bracket");
  }

  #list(open: string, close: string, item: () => void): void {
    this.#expect(open);
    if (++this.#depth > MAX_DEPTH) throw this.#error(`values are nested deeper than ${MAX_DEPTH} levels`);
    if (this.peek() !== close) {
      item();
      while (this.peek() === ",") {
        this.#at++;
        item();
      }
    }
    this.#expect(close);
    this.#depth--;
  }

  #expect(sign: string): void {
    if (this.peek() !== sign) throw this.#error(`${JSON.stringify(sign)} is missing`);
    this.#at++;
  }

  #rawString(): string {
    if (this.peek() !== '"') throw this.#error("a string is missing");
    const start = this.#at;
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) throw this.#error("a string is not closed");
    } while (this.#escaped(end));
    this.#at = end + 1;
    return this.#text.slice(start, end + 1);
  }

  #escaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text.charAt(at - 1 - backslashes) === "\\") backslashes++;
    return backslashes % 2 === 1;
  }

  #error(what: string): MergeError {
    return this.#failure(what, this.#at);
  }
}
