/** Enough to see which kind of tokens it is about. */
const MAX_EXAMPLES = 5;

/** Tokens as a report shows them: how many, and the first few. */
export interface TokenCount {
  readonly count: number;
  readonly examples: readonly string[];
}

export function countTokens(tokens: readonly string[]): TokenCount {
  return { count: tokens.length, examples: tokens.slice(0, MAX_EXAMPLES) };
}
