import { outputVocabulary } from "../../src/tokenizer/output-vocabulary.ts";
import type { OutputVocabulary } from "../../src/tokenizer/output-vocabulary.ts";
import type { TokenizedModel, TokenizerSetting } from "../../src/tokenizer/types.ts";
import { readVocabulary } from "../../src/tokenizer/vocabulary.ts";
import { writeTokenizer } from "../../src/tokenizer/write.ts";
import type { WrittenTokenizer } from "../../src/tokenizer/write.ts";
import { addedToken, bpe, settingOf, tokenizerJson } from "./tiny-tokenizers.ts";
import type { Json } from "./tiny-tokenizers.ts";

export type Files = Readonly<Record<string, string>>;

/** A model by its tokenizer files; with as many rows as tokens unless told otherwise. */
export function tokenized(reference: string, files: Files, rows?: number): TokenizedModel {
  const texts = new Map(Object.entries(files));
  const vocabulary = readVocabulary(texts, reference);
  return { reference, files: texts, vocabulary, rows: rows ?? vocabulary.length };
}

export const fromJson = (reference: string, model: Json, added: readonly Json[] = [], more: Json = {}) =>
  tokenized(reference, { "tokenizer.json": tokenizerJson(model, added, more) });

/** The output's tokenizer for models whose first is the base. */
export function written(
  models: readonly TokenizedModel[],
  setting: TokenizerSetting = settingOf("union"),
): { readonly output: OutputVocabulary; readonly result: WrittenTokenizer } {
  const output = outputVocabulary(models, 0, setting);
  return { output, result: writeTokenizer(output, models) };
}

const BYTE_LEVEL = {
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
};
const METASPACE = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const UNIGRAM = { pre_tokenizer: METASPACE, decoder: METASPACE };
const BERT = {
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
};
const wordPiece = (tokens: readonly string[]) => ({
  type: "WordPiece",
  unk_token: "[UNK]",
  continuing_subword_prefix: "##",
  max_input_chars_per_word: 100,
  vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
});

/**
 * A union of each kind of tokenizer, with texts and the ids that libraries must give for them: worked out by hand, and
 * what both the Python and the JavaScript library say.
 */
export const UNIONS: Readonly<
  Record<
    string,
    {
      readonly models: readonly TokenizedModel[];
      readonly texts: Readonly<Record<string, readonly number[]>>;
    }
  >
> = {
  "byte-level BPE": {
    // The end token stands outside of the base's model, so that new tokens push it in.
    models: [
      fromJson(
        "base",
        bpe(["Ġ", "a", "d", "h", "n", "t", "nd", "Ġt"], ["n d", "Ġ t"]),
        [addedToken(8, "<end>")],
        BYTE_LEVEL,
      ),
      fromJson(
        "chat",
        bpe(["Ġ", "a", "d", "h", "n", "t", "an", "and", "th", "Ġth"], ["a n", "an d", "t h", "Ġ th"]),
        [addedToken(10, "<end>"), addedToken(11, "<tool>")],
        BYTE_LEVEL,
      ),
    ],
    // New: an 9, and 10, th 11, Ġth 12 (from Ġt and h, as the base's merge comes first), <tool> 13.
    texts: {
      "and<end>": [10, 8],
      " than": [12, 9],
      "than tan": [11, 9, 7, 9],
      "<tool>ad nd": [13, 1, 2, 0, 6],
    },
  },
  Unigram: {
    models: [
      fromJson(
        "base",
        {
          type: "Unigram",
          unk_id: 0,
          vocab: [
            ["<unk>", 0],
            ["▁", -3],
            ["a", -4],
            ["b", -4],
            ["▁a", -5],
          ],
        },
        [addedToken(0, "<unk>"), addedToken(5, "<end>")],
        UNIGRAM,
      ),
      fromJson(
        "other",
        {
          type: "Unigram",
          unk_id: 0,
          vocab: [
            ["<unk>", 0],
            ["▁ab", -6],
            ["▁", -3],
            ["ab", -9],
          ],
        },
        [addedToken(0, "<unk>"), addedToken(4, "<tool>")],
        UNIGRAM,
      ),
    ],
    // New: ▁ab 6 at -6, ab 7 at -9 (a and b together have -8), <tool> 8.
    texts: { ab: [6], "ba ab": [1, 3, 2, 6], aab: [4, 2, 3], "a<tool>": [4, 8] },
  },
  WordPiece: {
    models: [
      fromJson(
        "base",
        wordPiece(["[UNK]", "play", "##s", "a"]),
        [addedToken(0, "[UNK]"), addedToken(4, "[SEP]")],
        BERT,
      ),
      fromJson(
        "other",
        wordPiece(["[UNK]", "play", "##ing", "b"]),
        [addedToken(0, "[UNK]"), addedToken(4, "[CLS]")],
        BERT,
      ),
    ],
    // New: ##ing 5, b 6, [CLS] 7.
    texts: { "Playing plays": [1, 5, 1, 2], "[CLS] a b [SEP]": [7, 3, 6, 4], cat: [0] },
  },
  WordLevel: {
    models: [
      fromJson("base", { type: "WordLevel", unk_token: "?", vocab: { "?": 0, red: 1 } }),
      fromJson("other", { type: "WordLevel", unk_token: "?", vocab: { "?": 0, blue: 1 } }, [
        addedToken(2, "<x>"),
      ]),
    ],
    texts: { "red blue<x> red": [1, 2, 3, 1] },
  },
};
