import { broken } from "./json.ts";
import type { NamedText } from "./json.ts";
import type { TokenizerFiles } from "./types.ts";

/** Tokenizers in formats of their own: nothing here reads them, and a changed vocabulary makes them wrong. */
export const OPAQUE_FILES: readonly string[] = [
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.model",
  "sentencepiece.bpe.model",
  "source.spm",
  "target.spm",
  "tekken.json",
  "qwen.tiktoken",
];

/** Files that say which tokens a tokenizer has, and with which ids. */
export const VOCABULARY_FILES: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "vocab.txt",
];

/** Files that belong to a tokenizer and go with it from one model to the output. */
export const TOKENIZER_FILES: readonly string[] = [
  ...VOCABULARY_FILES,
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
  ...OPAQUE_FILES,
];

/** Characters of a tokenizer file: the largest published ones have 35 million. Bounds what parsing may take. */
const MAX_TOKENIZER_CHARACTERS = 2 ** 27;

/** One of a model's tokenizer files, with its name for messages. */
export function namedFile(files: TokenizerFiles, name: string, reference: string): NamedText | undefined {
  const text = files.get(name);
  if (text === undefined) return undefined;
  const where = `${name} of ${reference}`;
  if (text.length > MAX_TOKENIZER_CHARACTERS) throw broken(where, "is larger than any tokenizer");
  return { where, text };
}
