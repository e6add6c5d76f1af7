/** Enough to see which kind of tokens it is about. */
const MAX_EXAMPLES = 5;

/** Tokens as a report shows them: how many, and the first few. */
export interface TokenCount {
  readonly count: number;
  readonly examples: readonly string[];
}

/** Counts tokens one by one, without keeping all. */
export class TokenCounter implements TokenCount {
  count = 0;
  readonly examples: string[] = [];

  add(token: string): void {
    if (this.count++ < MAX_EXAMPLES) this.examples.push(token);
  }

  /** As plain data. */
  done(): TokenCount {
    return { count: this.count, examples: this.examples };
  }
}

export function countTokens(tokens: readonly string[]): TokenCount {
  return { count: tokens.length, examples: tokens.slice(0, MAX_EXAMPLES) };
}
