import { SourceError } from "../errors.ts";
import { addAddedTokens } from "./added-tokens.ts";
import { OPAQUE_FILES } from "../sources/tokenizer-names.ts";
import { namedFile } from "./files.ts";
import { broken } from "./json.ts";
import type { NamedText } from "./json.ts";
import { addId } from "./token-ids.ts";
import { readerOf, readIds, readTokenizerJson, unsliced } from "./tokenizer-json.ts";
import type { TokenizerModel } from "./tokenizer-json.ts";
import type { TokenizerFiles, Vocabulary } from "./types.ts";

type Model = TokenizerModel & Pick<Vocabulary, "file">;

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
  if (json !== undefined) return { ...readTokenizerJson(json), file: "tokenizer.json" };
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

/** GPT-2's files; CLIP's have the same names and mark the ends of words. */
function readVocabJson(vocab: NamedText): Model {
  const ids = new Map<string, number>();
  const reader = readerOf(vocab);
  readIds(reader, ids, vocab.where);
  reader.end();
  const suffix = [...ids.keys()].some((token) => token.length > 4 && token.endsWith("</w>")) ? "</w>" : "";
  const spelling = { byteLevel: true, byteFallback: false, prefix: "", suffix };
  return { kind: "BPE", file: "vocab.json", ids, spelling, addedList: undefined };
}

function readVocabText({ where, text }: NamedText): Model {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const ids = new Map<string, number>();
  lines.forEach((token, id) => addId(ids, unsliced(token), id, where));
  const spelling = { byteLevel: false, byteFallback: false, prefix: "##", suffix: "" };
  return { kind: "WordPiece", file: "vocab.txt", ids, spelling, addedList: undefined };
}
