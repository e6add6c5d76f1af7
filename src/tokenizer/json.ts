import { FormatError } from "../errors.ts";
import type { JsonObject, JsonValue, LargeText } from "../sources/types.ts";

/** Texts of tokenizers are nested some ten levels; bounds the recursion of printing. */
const MAX_DEPTH = 100;

/** A file's name and its text, for messages and for parsing. */
export interface NamedText {
  /** "tokenizer.json of org/model". */
  readonly where: string;
  readonly text: string;
}

/** Parses a file that must hold a JSON object. */
export function parseJsonObject({ where, text }: NamedText): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw broken(
      where,
      `is not valid JSON (${cause instanceof Error ? cause.message : "unreadable"})`,
      cause,
    );
  }
  if (!isObject(value)) throw broken(where, "is not a JSON object");
  return value;
}

/** The error for a tokenizer file that breaks its format. */
export function broken(where: string, what: string, cause?: unknown): FormatError {
  const hint = "Fetch the file again, or save the tokenizer anew with the library that made it.";
  return new FormatError("FORMAT_TOKENIZER", `${where} ${what}`, { where, hint, cause });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that the object itself has, never an inherited one. */
export function member(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

const MEMBERS = Symbol("members");

/** A JSON object by its members: they keep their order, where an object would put keys like "7" first. */
interface Members {
  readonly [MEMBERS]: Iterable<readonly [string, Printable]>;
}

export function withMembers(entries: Iterable<readonly [string, Printable]>): Members {
  return { [MEMBERS]: entries };
}

/** JSON to be printed; its lists may be anything that can be gone through once. */
export type Printable =
  string | number | boolean | null | Iterable<Printable> | Members | { readonly [key: string]: Printable };

/**
 * JSON text with two spaces a level, as tokenizers are published. Whole numbers stay digits: model_max_length is often
 * 10^30, which Python must not read back as a float.
 */
export function printJson(value: Printable): string {
  return wholeText(largeJson(() => value));
}

/** As `printJson`, for a large value, which is made for each printing. */
export function largeJson(value: () => Printable): LargeText {
  return {
    print: (add) => {
      const text = new TextBlocks(add);
      print(value(), "\n", text);
      text.add("\n");
      text.finish();
    },
  };
}

export function wholeText(text: string | LargeText): string {
  if (typeof text === "string") return text;
  const blocks: string[] = [];
  text.print((block) => blocks.push(block));
  return blocks.join("");
}

/** Pieces joined together in blocks: hundreds of thousands of them would take several times the text's memory. */
const BLOCK_PIECES = 8192;

class TextBlocks {
  readonly #add: (block: string) => void;
  #pieces: string[] = [];

  constructor(add: (block: string) => void) {
    this.#add = add;
  }

  add(piece: string): void {
    this.#pieces.push(piece);
    if (this.#pieces.length >= BLOCK_PIECES) this.finish();
  }

  finish(): void {
    this.#add(this.#pieces.join(""));
    this.#pieces = [];
  }
}

function print(value: Printable, lineStart: string, text: TextBlocks): void {
  if (lineStart.length > 2 * MAX_DEPTH) throw broken("A tokenizer file", "is nested too deeply");
  if (typeof value === "number") text.add(printNumber(value));
  else if (typeof value !== "object" || value === null) text.add(JSON.stringify(value));
  else if (isMembers(value)) printMembers(value[MEMBERS], lineStart, text);
  else if (isList(value)) printItems(value, lineStart, text);
  else printMembers(Object.entries(value), lineStart, text);
}

function printItems(items: Iterable<Printable>, lineStart: string, text: TextBlocks): void {
  const inner = `${lineStart}  `;
  let start = `[${inner}`;
  for (const item of items) {
    text.add(start);
    print(item, inner, text);
    start = `,${inner}`;
  }
  text.add(start.startsWith("[") ? "[]" : `${lineStart}]`);
}

function printMembers(
  entries: Iterable<readonly [string, Printable]>,
  lineStart: string,
  text: TextBlocks,
): void {
  const inner = `${lineStart}  `;
  let start = `{${inner}`;
  for (const [key, item] of entries) {
    text.add(`${start}${JSON.stringify(key)}: `);
    print(item, inner, text);
    start = `,${inner}`;
  }
  text.add(start.startsWith("{") ? "{}" : `${lineStart}}`);
}

function isMembers(value: object): value is Members {
  return MEMBERS in value;
}

function isList(value: object): value is Iterable<Printable> {
  return Symbol.iterator in value;
}

function printNumber(value: number): string {
  const text = JSON.stringify(value);
  return Number.isInteger(value) && text.includes("e") ? BigInt(value).toString() : text;
}
