import { isMergeError } from "../errors.ts";
import { statedTokens } from "./added-tokens.ts";
import { namedFile } from "./files.ts";
import { mayHaveIdFrom } from "./largest-id.ts";
import { countTokens } from "./token-count.ts";
import type { TokenCount } from "./token-count.ts";
import { byId } from "./token-ids.ts";
import type { TokenizerFiles, Vocabulary } from "./types.ts";
import { readVocabulary } from "./vocabulary.ts";

/** A vocabulary; none if its tokenizer is only copied, or not even that. */
export function readIfPossible(files: TokenizerFiles, reference: string): Vocabulary | undefined {
  return ifPossible(() => readVocabulary(files, reference));
}

/** Tokens with this id or a larger one, in the order of ids; none if the tokenizer cannot be read. */
export function tokensFrom(files: TokenizerFiles, reference: string, id: number): TokenCount {
  // Beside a vocabulary in a format of its own, added tokens may have their ids stated.
  const stated = () => ifPossible(() => statedTokens((name) => namedFile(files, name, reference)));
  const ids = readIfPossible(files, reference)?.ids ?? stated() ?? [];
  return countTokens(byId(ids).flatMap(([token, each]) => (each >= id ? [token] : [])));
}

/** Tokens that have no row among so many. As `tokensFrom`, but files that can name no such id are not parsed. */
export function tokensWithoutRow(files: TokenizerFiles, reference: string, rows: number): TokenCount {
  return mayHaveIdFrom(files, rows) ? tokensFrom(files, reference, rows) : countTokens([]);
}

function ifPossible<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMergeError(error, "FORMAT_TOKENIZER", "SOURCE_NO_TOKENIZER")) return undefined;
    throw error;
  }
}
