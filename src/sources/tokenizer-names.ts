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
