import { FormatError } from "../errors.ts";
import type { JsonObject, JsonValue } from "../sources/types.ts";

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

/** JSON whose large objects may be maps: these keep their order, where an object would put keys like "7" first. */
export type Printable =
  | string
  | number
  | boolean
  | null
  | readonly Printable[]
  | ReadonlyMap<string, Printable>
  | { readonly [key: string]: Printable };

/**
 * JSON text with two spaces a level, as tokenizers are published. Whole numbers stay digits: model_max_length is often
 * 10^30, which Python must not read back as a float.
 */
export function printJson(value: Printable): string {
  return `${print(value, "\n")}\n`;
}

function print(value: Printable, lineStart: string): string {
  if (lineStart.length > 2 * MAX_DEPTH) throw broken("A tokenizer file", "is nested too deeply");
  if (typeof value === "number") return printNumber(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${lineStart}  `;
  if (isList(value)) {
    const items = value.map((item) => print(item, inner));
    return items.length === 0 ? "[]" : `[${inner}${items.join(`,${inner}`)}${lineStart}]`;
  }
  const entries = value instanceof Map ? value : Object.entries(value);
  const members: string[] = [];
  for (const [key, item] of entries as Iterable<[string, Printable]>) {
    members.push(`${JSON.stringify(key)}: ${print(item, inner)}`);
  }
  return members.length === 0 ? "{}" : `{${inner}${members.join(`,${inner}`)}${lineStart}}`;
}

// The type guard of Array.isArray does not take read-only arrays out of a union.
function isList(value: Printable): value is readonly Printable[] {
  return Array.isArray(value);
}

function printNumber(value: number): string {
  const text = JSON.stringify(value);
  return Number.isInteger(value) && text.includes("e") ? BigInt(value).toString() : text;
}
