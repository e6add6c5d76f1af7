import type { JsonObject, JsonValue } from "../sources/types.ts";
import { isObject, member } from "./json.ts";

/** Parts of a config that describe a language model of their own. */
const LANGUAGE_PART = /text|language|llm|decoder/;
const TOKEN_ID_KEY = /_token_(?:id|ids|index)$/;

/** By dotted path, as `MergePlan.configEdits` has them. */
type Edits = Record<string, JsonValue>;

/** Where config.json states the number of rows, and what it must be; "vocab_size" if it states none. */
export function vocabularySizeEdits(config: JsonObject, rows: number): Edits {
  const paths = partsOf(config).filter(({ part }) => typeof member(part, "vocab_size") === "number");
  if (paths.length === 0) return { vocab_size: rows };
  const wrong = paths.filter(({ part }) => member(part, "vocab_size") !== rows);
  return Object.fromEntries(wrong.map(({ path }) => [`${path}vocab_size`, rows]));
}

/**
 * Ids of special tokens in config.json or generation_config.json that must change: all become those of `tokenizerConfig`,
 * the same file of the model whose tokenizer the output has (absent: it has none, the ids stay); ids without a row
 * become null.
 */
export function tokenIdEdits(
  config: JsonObject,
  tokenizerConfig: JsonObject | undefined,
  rows: number,
): Edits {
  const edits: Edits = {};
  const sources = new Map(partsOf(tokenizerConfig ?? config).map(({ path, part }) => [path, part]));
  for (const { path, part } of partsOf(config)) {
    const source = sources.get(path) ?? sources.get("") ?? {};
    const keys = new Set(
      [...Object.keys(part), ...Object.keys(source)].filter((key) => TOKEN_ID_KEY.test(key)),
    );
    for (const key of keys) {
      const value = withRows(member(source, key) ?? null, rows);
      if (JSON.stringify(value) !== JSON.stringify(member(part, key) ?? null)) edits[path + key] = value;
    }
  }
  return edits;
}

function withRows(id: JsonValue, rows: number): JsonValue {
  if (Array.isArray(id)) {
    const left = id.filter((each) => typeof each !== "number" || each < rows);
    return left.length === 0 && id.length > 0 ? null : left;
  }
  return typeof id === "number" && id >= rows ? null : id;
}

/** The config itself and the parts of it that know of tokens, with the start of their paths. */
function partsOf(config: JsonObject): { readonly path: string; readonly part: JsonObject }[] {
  const nested = Object.entries(config).filter(
    (entry): entry is [string, JsonObject] => LANGUAGE_PART.test(entry[0]) && isObject(entry[1]),
  );
  return [{ path: "", part: config }, ...nested.map(([key, part]) => ({ path: `${key}.`, part }))];
}
