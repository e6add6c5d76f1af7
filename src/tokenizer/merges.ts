import { leavesOf } from "./bpe.ts";
import type { MergeList } from "./bpe.ts";
import { namedFile } from "./files.ts";
import { broken } from "./json.ts";
import type { NamedText } from "./json.ts";
import { PairList } from "./symbols.ts";
import type { Symbols } from "./symbols.ts";
import { readModelPart } from "./tokenizer-json.ts";
import type { Spelling, TokenizedModel } from "./types.ts";

/** The merges of a model's BPE tokenizer, from tokenizer.json or merges.txt; of equal ones the first. */
export function readMerges({ files, vocabulary, reference }: TokenizedModel, symbols: Symbols): PairList {
  const fromJson = vocabulary.file === "tokenizer.json";
  const file = namedFile(files, fromJson ? "tokenizer.json" : "merges.txt", reference);
  if (file === undefined) throw broken(`The tokenizer of ${reference}`, "has no merges");
  const pairs = new PairList();
  let count = 0;
  const add = (parts: readonly string[]) => {
    const [left, right] = parts;
    if (left === undefined || right === undefined || parts.length > 2)
      throw broken(file.where, `has a merge ${count} that is not two tokens`);
    pairs.add(symbols.numberOf(left), symbols.numberOf(right));
    count++;
  };
  if (fromJson) mergesIn(file, add);
  else for (const line of mergeLines(file.text)) add(line.split(" "));
  return pairs;
}

/** Merge by merge: a list of them all would take more memory than anything else. */
function mergesIn(file: NamedText, add: (parts: readonly string[]) => void): void {
  const found = readModelPart(file, "merges", (reader) => {
    reader.list(() => {
      // A merge stands as "a b" or as a list of two.
      const parts: string[] = [];
      if (reader.peek() === "[") reader.list(() => parts.push(reader.string()));
      else parts.push(...reader.string().split(" "));
      add(parts);
    });
  });
  if (!found) throw broken(file.where, "has no list of merges");
}

/** The first line of merges.txt names its version. */
function mergeLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.startsWith("#version") === true) lines.shift();
  return lines.filter((line) => line !== "");
}

/** New tokens that texts are to be encoded to, and all tokens of the output's model: 1 at their symbols. */
interface Wanted {
  readonly wanted: Uint8Array;
  readonly known: Uint8Array;
}

/**
 * Extends the merges so that texts are encoded to the tokens of `wanted`: each model's own merges for them, behind all
 * others, so that nothing changes but where a new token comes out. Where earlier merges cut a new token into two
 * pieces, one more merge joins these. Returns the wanted tokens that stay out of reach.
 */
export function extendMerges(
  list: MergeList,
  spelling: Spelling,
  tokens: Wanted,
  models: readonly TokenizedModel[],
): string[] {
  const { symbols } = list;
  const missing = new Map<number, string>();
  tokens.wanted.forEach((flag, token) => {
    if (flag === 1) missing.set(token, symbols.textOf(token));
  });
  for (const model of models) {
    const { ids, kind, spelling: own } = model.vocabulary;
    if (kind !== "BPE" || !spellsAlike(own, spelling)) continue;
    let brings = false;
    for (const [token, text] of missing) {
      if (!ids.has(text)) continue;
      brings = true;
      if (isSymbol(text, spelling)) missing.delete(token);
    }
    if (brings) new Extension(list, spelling, tokens, readMerges(model, symbols)).run(missing);
  }
  return [...missing.values()];
}

/** What one model's merges add. */
class Extension {
  readonly #list: MergeList;
  readonly #tokens: Wanted;
  readonly #pairs: PairList;
  /** Products of the pairs, by place. */
  readonly #products: Int32Array;
  /** Place of the first pair for each product, -1 for none: of several merges for one token the first is its own. */
  readonly #sources: Int32Array;
  readonly #isSymbol: (token: number) => boolean;
  /** Tokens that are not yet joined, with the pieces that they are cut into so far. */
  readonly #cut = new Map<number, readonly number[]>();

  constructor(list: MergeList, spelling: Spelling, tokens: Wanted, pairs: PairList) {
    const { symbols } = list;
    this.#list = list;
    this.#tokens = tokens;
    this.#pairs = pairs;
    this.#products = Int32Array.from({ length: pairs.length }, (_, place) =>
      list.product(pairs.left(place), pairs.right(place)),
    );
    this.#sources = new Int32Array(symbols.count).fill(-1);
    this.#products.forEach((product, place) => {
      if ((this.#sources[product] ?? 0) < 0) this.#sources[product] = place;
    });
    const answers = new Map<number, boolean>();
    this.#isSymbol = (token) => {
      const known = answers.get(token);
      if (known !== undefined) return known;
      const answer = isSymbol(symbols.textOf(token), spelling);
      answers.set(token, answer);
      return answer;
    };
  }

  /** Adds the merges, and takes the tokens that they lead to off those that are missing. */
  run(missing: Map<number, string>): void {
    const { wanted, known } = this.#tokens;
    for (let place = 0; place < this.#pairs.length; place++) {
      const [left, right] = [this.#pairs.left(place), this.#pairs.right(place)];
      const product = this.#products[place] ?? -1;
      if (wanted[product] !== 1 || known[left] !== 1 || known[right] !== 1) continue;
      this.#list.add(left, right);
      if (!missing.has(product) || this.#cut.has(product)) continue;
      const leaves = leavesOf(product, this.#pairs, this.#sources, this.#list.symbols);
      if (leaves.every(this.#isSymbol)) this.#cut.set(product, leaves);
      if (this.#cut.has(product) && this.#joins(product)) missing.delete(product);
    }
    // Tokens that came late may be the pieces of earlier ones.
    for (let before = Infinity; this.#cut.size < before;) {
      before = this.#cut.size;
      for (const token of this.#cut.keys()) if (this.#joins(token)) missing.delete(token);
    }
  }

  /**
   * True if the pieces that a token is cut into so far end up as this token, with the help of one more merge if need
   * be; the token then leaves `#cut`, and otherwise stays with the pieces that are left.
   */
  #joins(token: number): boolean {
    const [list, { known }] = [this.#list, this.#tokens];
    const pieces = list.segment(this.#cut.get(token) ?? []) ?? [];
    const [first = -1, second, ...more] = pieces;
    if (second !== undefined && more.length === 0) {
      if (known[first] !== 1 || known[second] !== 1 || list.product(first, second) !== token) return false;
      list.add(first, second);
    } else if (first !== token || second !== undefined) {
      this.#cut.set(token, pieces);
      return false;
    }
    this.#cut.delete(token);
    return true;
  }
}

function spellsAlike(a: Spelling, b: Spelling): boolean {
  return a.byteLevel === b.byteLevel && a.prefix === b.prefix && a.suffix === b.suffix;
}

/** True for what a text is cut into before the first merge: one character with its marks, or a byte. */
function isSymbol(token: string, { prefix, suffix, byteFallback }: Spelling): boolean {
  const start = prefix !== "" && token.startsWith(prefix) ? prefix.length : 0;
  const end = suffix !== "" && token.endsWith(suffix) ? token.length - suffix.length : token.length;
  const text = token.slice(start, end);
  return /^.$/su.test(text) || (byteFallback && /^<0x[0-9A-F]{2}>$/.test(text));
}
