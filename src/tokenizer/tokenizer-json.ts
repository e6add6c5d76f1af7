import { JsonReader } from "../safetensors/json-reader.ts";
import type { JsonValue } from "../sources/types.ts";
import { broken, isObject, member } from "./json.ts";
import type { NamedText } from "./json.ts";
import { addId } from "./token-ids.ts";
import type { Spelling, VocabularyKind } from "./types.ts";

/** What a vocabulary needs of tokenizer.json. */
export interface TokenizerModel {
  readonly kind: VocabularyKind;
  readonly ids: Map<string, number>;
  readonly spelling: Spelling;
  readonly addedList: JsonValue | undefined;
}

/** Reads tokenizer.json; merges and scores are passed over (`readModelPart` reads them when they are needed). */
export function readTokenizerJson(file: NamedText): TokenizerModel {
  const { ids, parts, settings } = walk(file);
  const kind = kindOf(settings, file.where);
  if (settings.has(SCORED) !== (kind === "Unigram")) {
    throw broken(file.where, `has no vocabulary as ${kind} models have`);
  }
  return { kind, ids, spelling: spellingOf(settings, parts, kind), addedList: parts.get("added_tokens") };
}

/** Reads one value of the model in tokenizer.json, alone; false if it is not there. */
export function readModelPart(
  file: NamedText,
  name: "merges" | "vocab",
  read: (reader: JsonReader) => void,
): boolean {
  const reader = readerOf(file);
  let found = false;
  const readMember = (key: string) => {
    if (key !== name) {
      reader.value();
      return;
    }
    found = true;
    read(reader);
  };
  reader.object((key) => {
    if (key === "model") reader.object(readMember);
    else reader.value();
  });
  return found;
}

/** A reader of a tokenizer's JSON, which bounds nesting and builds nothing that is not asked for. */
export function readerOf({ where, text }: NamedText): JsonReader {
  return new JsonReader(text, (what, at) => broken(where, `is not valid JSON at character ${at}: ${what}`));
}

/** Reads an object of tokens and ids. */
export function readIds(reader: JsonReader, ids: Map<string, number>, where: string): void {
  reader.object((token) => addId(ids, unsliced(token), Number(reader.value()), where));
}

/** Engines let a long slice of a text keep the whole text in memory; a copy does not. */
export function unsliced(token: string): string {
  return token.length < 13 ? token : ` ${token}`.slice(1);
}

/** Unigram's list of tokens and scores, checked; the place of a token is its id. */
export function scoredTokens(list: JsonValue | undefined, where: string): [string, number][] {
  if (!Array.isArray(list)) throw broken(where, "has no vocabulary");
  for (const [id, entry] of list.entries()) {
    const [token, score] = Array.isArray(entry) ? entry : [];
    if (typeof token !== "string" || typeof score !== "number") {
      throw broken(where, `has an entry ${id} that is not a token with its score`);
    }
  }
  return list as [string, number][];
}

/** Marks a vocabulary that is a list; no setting has such a name. */
const SCORED = "vocab[]";

function walk(file: NamedText) {
  const reader = readerOf(file);
  const value = () => JSON.parse(reader.value()) as JsonValue;
  const ids = new Map<string, number>();
  const parts = new Map<string, JsonValue>();
  const settings = new Map<string, JsonValue>();
  const readModel = (key: string) => {
    if (key === "merges") settings.set(key, reader.value() !== "");
    else if (key !== "vocab") settings.set(key, value());
    else if (reader.peek() === "{") readIds(reader, ids, file.where);
    else {
      settings.set(SCORED, true);
      for (const [id, [token]] of scoredTokens(value(), file.where).entries())
        addId(ids, token, id, file.where);
    }
  };
  reader.object((key) => {
    if (key === "model") reader.object(readModel);
    else parts.set(key, value());
  });
  reader.end();
  if (ids.size === 0) throw broken(file.where, "has no model with a vocabulary");
  return { ids, parts, settings };
}

const KINDS: readonly string[] = ["BPE", "Unigram", "WordPiece", "WordLevel"] satisfies VocabularyKind[];

/** Early versions of the format left the type out. */
function kindOf(settings: ReadonlyMap<string, JsonValue>, where: string): VocabularyKind {
  const type = settings.get("type");
  if (typeof type === "string" && KINDS.includes(type)) return type as VocabularyKind;
  if (type !== undefined) throw broken(where, `has a model of the unknown type ${JSON.stringify(type)}`);
  if (settings.has("merges")) return "BPE";
  if (settings.has(SCORED)) return "Unigram";
  return settings.has("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

function spellingOf(
  settings: ReadonlyMap<string, JsonValue>,
  parts: ReadonlyMap<string, JsonValue>,
  kind: VocabularyKind,
): Spelling {
  const text = (key: string) => {
    const value = settings.get(key);
    return typeof value === "string" ? value : "";
  };
  return {
    byteLevel: ["normalizer", "pre_tokenizer", "decoder"].some((key) => hasByteLevel(parts.get(key))),
    byteFallback: settings.get("byte_fallback") === true,
    prefix: kind === "BPE" || kind === "WordPiece" ? text("continuing_subword_prefix") : "",
    suffix: kind === "BPE" ? text("end_of_word_suffix") : "",
  };
}

/** Steps stand alone or as a list of one sequence. */
function hasByteLevel(step: JsonValue | undefined): boolean {
  if (!isObject(step)) return false;
  const lists = ["normalizers", "pretokenizers", "decoders"].map((key) => member(step, key));
  const steps = [step, ...lists.flatMap((list) => (Array.isArray(list) ? list : []))];
  return steps.some((each) => isObject(each) && member(each, "type") === "ByteLevel");
}
