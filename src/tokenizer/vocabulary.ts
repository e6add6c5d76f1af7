import { SourceError } from "../errors.ts";
import { JsonReader } from "../safetensors/json-reader.ts";
import type { JsonValue } from "../sources/types.ts";
import { addAddedTokens } from "./added-tokens.ts";
import { broken, isObject, member } from "./json.ts";
import type { NamedText } from "./json.ts";
import { OPAQUE_FILES, namedFile } from "./files.ts";
import { addId } from "./token-ids.ts";
import type { Spelling, TokenizerFiles, Vocabulary, VocabularyKind } from "./types.ts";

type Model = Omit<Vocabulary, "ids" | "added" | "length"> & {
  readonly ids: Map<string, number>;
  /** The list of added tokens, where the same file has it. */
  readonly addedList?: JsonValue | undefined;
};

/**
 * Reads a model's vocabulary from its tokenizer files: tokenizer.json, else vocab.json with merges.txt, else vocab.txt.
 * Tokens that transformers would add on loading (added_tokens_decoder, added_tokens.json, named special tokens) count.
 * `reference` is for messages. Throws FORMAT_TOKENIZER, and SOURCE_NO_TOKENIZER if there is nothing to read.
 */
export function readVocabulary(files: TokenizerFiles, reference: string): Vocabulary {
  const named = (name: string) => namedFile(files, name, reference);
  const { addedList, ...model } = readModel(named, reference, files);
  const where = `${model.file} of ${reference}`;
  const added = addAddedTokens(model.ids, { value: addedList, where }, named);
  let length = 0;
  for (const id of model.ids.values()) length = Math.max(length, id + 1);
  if (length === 0) throw broken(where, "has no tokens");
  return { ...model, added, length };
}

function readModel(
  named: (name: string) => NamedText | undefined,
  reference: string,
  files: TokenizerFiles,
): Model {
  const json = named("tokenizer.json");
  if (json !== undefined) return readTokenizerJson(json);
  const [vocabJson, merges, vocabText] = [named("vocab.json"), named("merges.txt"), named("vocab.txt")];
  if (vocabJson !== undefined && merges !== undefined) return readVocabJson(vocabJson);
  if (vocabText !== undefined) return readVocabText(vocabText);
  const opaque = OPAQUE_FILES.find((name) => files.has(name));
  const message =
    opaque === undefined
      ? `${reference} has no tokenizer: neither tokenizer.json, nor vocab.json with merges.txt, nor vocab.txt`
      : `${reference} has its tokenizer only as ${opaque}, which Stockpot does not read`;
  const hint =
    opaque === undefined
      ? "Put the tokenizer's files beside the weights, or leave out `tokenizer` in the recipe."
      : "Convert it once: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) in transformers writes tokenizer.json.";
  throw new SourceError("SOURCE_NO_TOKENIZER", message, { where: reference, hint });
}

/** What is read of tokenizer.json; merges and scores wait until they are needed. */
class TokenizerJson {
  readonly ids = new Map<string, number>();
  readonly parts = new Map<string, JsonValue>();
  readonly settings = new Map<string, JsonValue>();
  hasMerges = false;
  hasScores = false;
  readonly #file: NamedText;
  readonly #reader: JsonReader;

  constructor(file: NamedText) {
    this.#file = file;
    this.#reader = readerOf(file);
    const seen = new Set<string>();
    this.#reader.object((key) => {
      seen.add(key);
      if (key === "model") this.#readModel();
      else this.parts.set(key, this.#value());
    });
    this.#reader.end();
    if (!seen.has("model")) throw broken(file.where, 'has no "model"');
  }

  #value(): JsonValue {
    return JSON.parse(this.#reader.value()) as JsonValue;
  }

  #readModel(): void {
    if (this.#reader.peek() !== "{") throw broken(this.#file.where, 'has a "model" that is not an object');
    this.#reader.object((key) => {
      if (key === "vocab") this.#readVocab();
      else if (key === "merges") {
        this.hasMerges = true;
        this.#reader.value();
      } else this.settings.set(key, this.#value());
    });
  }

  #readVocab(): void {
    const { where } = this.#file;
    if (this.#reader.peek() === "{") readIds(this.#reader, this.ids, where);
    else {
      this.hasScores = true;
      for (const [id, [token]] of scoredTokens(this.#value(), where).entries())
        addId(this.ids, token, id, where);
    }
  }
}

function readTokenizerJson(file: NamedText): Model {
  const json = new TokenizerJson(file);
  const kind = kindOf(json, file.where);
  if (json.hasScores !== (kind === "Unigram"))
    throw broken(file.where, `has no vocabulary as ${kind} models have`);
  const spelling = spellingOf(json, kind);
  return { kind, file: "tokenizer.json", ids: json.ids, spelling, addedList: json.parts.get("added_tokens") };
}

const KINDS: readonly string[] = ["BPE", "Unigram", "WordPiece", "WordLevel"] satisfies VocabularyKind[];

/** Early versions of the format left the type out. */
function kindOf({ settings, hasMerges, hasScores }: TokenizerJson, where: string): VocabularyKind {
  const type = settings.get("type");
  if (typeof type === "string" && KINDS.includes(type)) return type as VocabularyKind;
  if (type !== undefined) throw broken(where, `has a model of the unknown type ${JSON.stringify(type)}`);
  if (hasMerges) return "BPE";
  if (hasScores) return "Unigram";
  return settings.has("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

function readerOf({ where, text }: NamedText): JsonReader {
  return new JsonReader(text, (what, at) => broken(where, `is not valid JSON at character ${at}: ${what}`));
}

function readIds(reader: JsonReader, ids: Map<string, number>, where: string): void {
  reader.object((token) => addId(ids, unsliced(token), JSON.parse(reader.value()), where));
}

/** Engines let a long slice of a text keep the whole text in memory; a copy does not. */
function unsliced(token: string): string {
  return token.length < 13 ? token : ` ${token}`.slice(1);
}

/** Checks Unigram's list of tokens and scores. */
export function scoredTokens(list: JsonValue | undefined, where: string): (readonly [string, number])[] {
  if (!Array.isArray(list)) throw broken(where, "has no vocabulary");
  return list.map((entry, id) => {
    const [token, score] = Array.isArray(entry) ? entry : [];
    if (typeof token === "string" && typeof score === "number") return [token, score];
    throw broken(where, `has an entry ${id} that is not a token with its score`);
  });
}

function spellingOf({ settings, parts }: TokenizerJson, kind: VocabularyKind): Spelling {
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

/** GPT-2's files; CLIP's have the same names and mark the ends of words. */
function readVocabJson(vocab: NamedText): Model {
  const ids = new Map<string, number>();
  const reader = readerOf(vocab);
  readIds(reader, ids, vocab.where);
  reader.end();
  const suffix = [...ids.keys()].some((token) => token.length > 4 && token.endsWith("</w>")) ? "</w>" : "";
  return {
    kind: "BPE",
    file: "vocab.json",
    ids,
    spelling: { byteLevel: true, byteFallback: false, prefix: "", suffix },
  };
}

function readVocabText({ where, text }: NamedText): Model {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const ids = new Map<string, number>();
  lines.forEach((token, id) => addId(ids, unsliced(token), id, where));
  const spelling = { byteLevel: false, byteFallback: false, prefix: "##", suffix: "" };
  return { kind: "WordPiece", file: "vocab.txt", ids, spelling };
}
