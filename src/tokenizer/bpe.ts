/** Two tokens that stand side by side and become one. */
export type Pair = readonly [string, string];

/** Segments longer than this are given up: published tokens have at most some 500 characters. */
const MAX_SYMBOLS = 1024;

/** BPE merges in the order of their priority. */
export class MergeList {
  readonly pairs: Pair[] = [];
  /** Length of the mark in front of what continues a word; it goes when that is merged to something before it. */
  readonly #prefixLength: number;
  readonly #ranks = new Map<string, number>();

  constructor(prefix: string) {
    this.#prefixLength = prefix.length;
  }

  has(pair: Pair): boolean {
    return this.#ranks.has(keyOf(pair));
  }

  /** Adds a merge behind all others, unless it is there. */
  add(pair: Pair): void {
    if (this.has(pair)) return;
    this.#ranks.set(keyOf(pair), this.pairs.length);
    this.pairs.push(pair);
  }

  /** The token that a pair becomes. */
  product([left, right]: Pair): string {
    return left + right.slice(this.#prefixLength);
  }

  /**
   * What the merges make of a sequence of symbols; undefined if it is too long to be a token. Merges that are added
   * later come after all others, so the pieces can be segmented further as well as the symbols.
   */
  segment(symbols: readonly string[]): string[] | undefined {
    if (symbols.length > MAX_SYMBOLS) return undefined;
    const pieces = [...symbols];
    const rankAt = (i: number) => {
      const [left, right] = [pieces[i], pieces[i + 1]];
      const unknown = left === undefined || right === undefined;
      return unknown ? Infinity : (this.#ranks.get(keyOf([left, right])) ?? Infinity);
    };
    const ranks = pieces.map((_, i) => rankAt(i));
    for (;;) {
      const best = Math.min(...ranks);
      const pair = this.pairs[best];
      if (pair === undefined) return pieces;
      const at = ranks.indexOf(best);
      pieces.splice(at, 2, this.product(pair));
      ranks.splice(at, 1);
      ranks[at] = rankAt(at);
      if (at > 0) ranks[at - 1] = rankAt(at - 1);
    }
  }
}

/** The length keeps pairs apart whose texts together are the same. */
function keyOf([left, right]: Pair): string {
  return `${left.length} ${left}${right}`;
}

/**
 * The symbols that a token is built from by the given merges (the first for each product): the leaves of its tree. A
 * merge whose product is no longer than its parts would never end and counts as none.
 */
export function leavesOf(token: string, merges: ReadonlyMap<string, Pair>): string[] {
  const leaves: string[] = [];
  const open = [token];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { length } = next;
    const pair = merges.get(next);
    if (pair?.every((part) => part !== "" && part.length < length) === true) open.push(pair[1], pair[0]);
    else leaves.push(next);
    if (leaves.length > MAX_SYMBOLS) return leaves;
  }
  return leaves;
}
