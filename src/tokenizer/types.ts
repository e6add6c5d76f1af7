/** What a tokenizer's model is, in the words of tokenizer.json. */
export type VocabularyKind = "BPE" | "Unigram" | "WordPiece" | "WordLevel";

/** A model's tokenizer files as texts, by name. A binary file only says that it is there: its text is empty. */
export type TokenizerFiles = ReadonlyMap<string, string>;

/** How a token is cut out of a text, spelt as in tokenizer.json. */
export const ADDED_TOKEN_FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"] as const;
export type AddedTokenFlags = Readonly<Record<(typeof ADDED_TOKEN_FLAGS)[number], boolean>>;

/** A token that is cut out of a text before the tokenizer's model splits the rest. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  readonly flags: AddedTokenFlags;
  /** True if the tokenizer's own model does not have it. */
  readonly outside: boolean;
}

/** How a tokenizer's model spells text; tokens of models that differ in it look alike but mean different things. */
export interface Spelling {
  /** Bytes stand as printable characters (GPT-2: a space is "Ġ"). */
  readonly byteLevel: boolean;
  readonly byteFallback: boolean;
  /** In front of what continues a word ("##" of WordPiece); empty if nothing. */
  readonly prefix: string;
  /** Behind what ends a word ("</w>" of CLIP); empty if nothing. */
  readonly suffix: string;
}

/** What a model's tokenizer files say of its tokens. */
export interface Vocabulary {
  readonly kind: VocabularyKind;
  /** The file that has the tokens. */
  readonly file: "tokenizer.json" | "vocab.json" | "vocab.txt";
  /** All tokens with their ids, added ones included. */
  readonly ids: ReadonlyMap<string, number>;
  /** Added tokens by content. */
  readonly added: ReadonlyMap<string, AddedToken>;
  /** One more than the largest id. */
  readonly length: number;
  readonly spelling: Spelling;
}

/** One model of the merge as alignment sees it. */
export interface AlignedModel {
  /** As the recipe names it. */
  readonly reference: string;
  readonly vocabulary: Vocabulary;
  /** Rows of the model's embedding matrix; the vocabulary may be shorter (padding) or longer (tokens without a row). */
  readonly rows: number;
}

/** One model of the merge with the files that its vocabulary was read from. */
export interface TokenizedModel extends AlignedModel {
  readonly files: TokenizerFiles;
}

/** Where the row of a token comes from for models that lack it, as a recipe's `tokenizer.tokens` has it. */
export type TokenSource =
  | { readonly kind: "zero" }
  /** The row of the same token in one model. */
  | { readonly kind: "model"; readonly model: string }
  /** The row of another token of one model, by its text or its id. */
  | { readonly kind: "model_token"; readonly model: string; readonly token: string | number };

export interface TokenSetting {
  /** Absent: the default rule. */
  readonly source?: TokenSource;
  /** Models that have the token get the source's row, too. */
  readonly force: boolean;
}

/** The recipe's `tokenizer` (or `tokenizer_source`); models are named by their reference's text. */
export interface TokenizerSetting {
  readonly source: "union" | "base" | { readonly model: string };
  readonly tokens: ReadonlyMap<string, TokenSetting>;
  readonly padToMultipleOf?: number;
}
