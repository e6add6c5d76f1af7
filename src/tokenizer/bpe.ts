import { PairList } from "./symbols.ts";
import type { Symbols } from "./symbols.ts";

/** Segments longer than this are given up: published tokens have at most some 500 characters. */
const MAX_SYMBOLS = 1024;

/** BPE merges in the order of their priority: pairs of tokens that stand side by side and become one. */
export class MergeList {
  readonly symbols: Symbols;
  readonly pairs = new PairList();
  /** Length of the mark in front of what continues a word; it goes when that is merged to something before it. */
  readonly #prefixLength: number;
  /** By place of the pair. */
  readonly #products: number[] = [];

  constructor(symbols: Symbols, prefix: string) {
    this.symbols = symbols;
    this.#prefixLength = prefix.length;
  }

  /** The merges as texts, in their order. */
  *texts(): Generator<[string, string]> {
    const { pairs, symbols } = this;
    for (let place = 0; place < pairs.length; place++)
      yield [symbols.textOf(pairs.left(place)), symbols.textOf(pairs.right(place))];
  }

  /** True if no token of a merge has a space, so that the two can stand as words of a line. */
  get fitsLines(): boolean {
    for (const pair of this.texts()) if (pair.some((part) => /\s/u.test(part))) return false;
    return true;
  }

  /** Adds a merge behind all others, unless it is there. */
  add(left: number, right: number): void {
    this.pairs.add(left, right);
  }

  /** The token that a pair becomes. */
  product(left: number, right: number): number {
    const { symbols } = this;
    return symbols.numberOf(symbols.textOf(left) + symbols.textOf(right).slice(this.#prefixLength));
  }

  /**
   * What the merges make of a sequence of symbols; undefined if it is too long to be a token. Merges that are added
   * later come after all others, so the pieces can be segmented further as well as the symbols.
   */
  segment(symbols: readonly number[]): number[] | undefined {
    if (symbols.length > MAX_SYMBOLS) return undefined;
    const pieces = [...symbols];
    const ranks = pieces.map((piece, i) => this.#rank(piece, pieces[i + 1]));
    for (;;) {
      let at = 0;
      for (let i = 1; i < ranks.length; i++) if ((ranks[i] ?? Infinity) < (ranks[at] ?? Infinity)) at = i;
      const best = ranks[at] ?? Infinity;
      if (best === Infinity) return pieces;
      const merged = this.#productOf(best);
      pieces.splice(at, 2, merged);
      ranks.splice(at, 1);
      ranks[at] = this.#rank(merged, pieces[at + 1]);
      if (at > 0) ranks[at - 1] = this.#rank(pieces[at - 1] ?? -1, merged);
    }
  }

  #rank(left: number, right: number | undefined): number {
    const place = right === undefined ? -1 : this.pairs.find(left, right);
    return place < 0 ? Infinity : place;
  }

  #productOf(place: number): number {
    return (this.#products[place] ??= this.product(this.pairs.left(place), this.pairs.right(place)));
  }
}

/**
 * The symbols that a token is built from by the given merges (the place of the first for each product, -1 for none):
 * the leaves of its tree. A merge whose product is no longer than its parts would never end and counts as none.
 */
export function leavesOf(
  token: number,
  pairs: PairList,
  sources: ArrayLike<number>,
  symbols: Symbols,
): number[] {
  const leaves: number[] = [];
  const open = [token];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const source = sources[next] ?? -1;
    const [left, right] = [pairs.left(source), pairs.right(source)];
    const { length } = symbols.textOf(next);
    const isSplit =
      source >= 0 && [left, right].every((part) => isBetween(symbols.textOf(part).length, length));
    if (isSplit) open.push(right, left);
    else leaves.push(next);
    if (leaves.length > MAX_SYMBOLS) return leaves;
  }
  return leaves;
}

const isBetween = (part: number, whole: number) => part > 0 && part < whole;
