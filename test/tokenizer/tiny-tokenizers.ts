import { readVocabulary } from "../../src/tokenizer/vocabulary.ts";
import type { AlignedModel, TokenizerSetting, TokenSetting } from "../../src/tokenizer/types.ts";

export type Json = Record<string, unknown>;

/** An added token as tokenizer.json has it. */
export function addedToken(id: number, content: string, flags: Partial<Record<string, boolean>> = {}) {
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return { id, content, ...plain, ...flags };
}

/** tokenizer.json around a model; `more` replaces its other parts. */
export function tokenizerJson(model: Json, added: readonly Json[] = [], more: Json = {}): string {
  const parts = {
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
  };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    ...parts,
    ...more,
    model,
  });
}

/** Tokens numbered in their order. */
function numbered(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** BPE whose merges are written "a b". */
export function bpe(tokens: readonly string[], merges: readonly string[] = [], more: Json = {}): Json {
  const pairs = merges.map((merge) => merge.split(" "));
  return { type: "BPE", dropout: null, unk_token: null, vocab: numbered(tokens), merges: pairs, ...more };
}

/** A model whose whole tokenizer is a BPE of these tokens, the last `added` of them added tokens outside of it. */
export function modelOf(
  reference: string,
  tokens: readonly string[],
  { rows = tokens.length, added = 0 }: { rows?: number; added?: number } = {},
): AlignedModel {
  const first = tokens.length - added;
  const list = tokens.slice(first).map((content, i) => addedToken(first + i, content));
  const files = new Map([["tokenizer.json", tokenizerJson(bpe(tokens.slice(0, first)), list)]]);
  return { reference, vocabulary: readVocabulary(files, reference), rows };
}

export function settingOf(
  source: TokenizerSetting["source"],
  tokens: Readonly<Record<string, TokenSetting>> = {},
  padToMultipleOf?: number,
): TokenizerSetting {
  const pad = padToMultipleOf === undefined ? {} : { padToMultipleOf };
  return { source, tokens: new Map(Object.entries(tokens)), ...pad };
}
