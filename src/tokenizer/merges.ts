import type { JsonValue } from "../sources/types.ts";
import { leavesOf } from "./bpe.ts";
import type { MergeList, Pair } from "./bpe.ts";
import { namedFile } from "./files.ts";
import { broken } from "./json.ts";
import { readModelPart } from "./tokenizer-json.ts";
import type { Spelling, TokenizedModel } from "./types.ts";

/** The merges of a model's BPE tokenizer, from tokenizer.json or merges.txt. */
export function readMerges({ files, vocabulary, reference }: TokenizedModel): Pair[] {
  const fromJson = vocabulary.file === "tokenizer.json";
  const file = namedFile(files, fromJson ? "tokenizer.json" : "merges.txt", reference);
  if (file === undefined) throw broken(`The tokenizer of ${reference}`, "has no merges");
  return fromJson
    ? pairsOf(readModelPart(file, "merges"), file.where)
    : pairsOf(mergeLines(file.text), file.where);
}

/** The first line of merges.txt names its version. */
function mergeLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.startsWith("#version") === true) lines.shift();
  return lines.filter((line) => line !== "");
}

/** A merge stands as "a b" or as a list of two. */
function pairsOf(merges: JsonValue | undefined, where: string): Pair[] {
  if (!Array.isArray(merges)) throw broken(where, "has no list of merges");
  return merges.map((merge, i) => {
    const [left, right, ...more] =
      typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    if (typeof left === "string" && typeof right === "string" && more.length === 0) return [left, right];
    throw broken(where, `has a merge ${i} that is not two tokens`);
  });
}

/**
 * Extends the merges so that texts are encoded to the tokens of `wanted`: each model's own merges for them, behind all
 * others, so that nothing changes but where a new token comes out. Where earlier merges cut a new token into two
 * pieces, one more merge joins these. `known` are all tokens of the output's model. Returns the wanted tokens that stay
 * out of reach.
 */
export function extendMerges(
  list: MergeList,
  spelling: Spelling,
  wanted: ReadonlySet<string>,
  known: ReadonlySet<string>,
  models: readonly TokenizedModel[],
): string[] {
  const missing = new Set(wanted);
  for (const model of models) {
    const { ids, kind, spelling: own } = model.vocabulary;
    if (kind !== "BPE" || !spellsAlike(own, spelling) || ![...missing].some((token) => ids.has(token)))
      continue;
    for (const token of missing) if (ids.has(token) && isSymbol(token, spelling)) missing.delete(token);
    const pairs = readMerges(model);
    const sources = firstSources(pairs, list);
    const cut = new Map<string, readonly string[]>();
    for (const pair of pairs) {
      const product = list.product(pair);
      if (!wanted.has(product) || !pair.every((part) => known.has(part))) continue;
      list.add(pair);
      if (!missing.has(product) || cut.has(product)) continue;
      const leaves = leavesOf(product, sources);
      if (leaves.every((leaf) => isSymbol(leaf, spelling))) cut.set(product, leaves);
      if (cut.has(product) && joins(product, cut, list, known)) missing.delete(product);
    }
    // Tokens that came late may be the pieces of earlier ones.
    for (let before = Infinity; cut.size < before;) {
      before = cut.size;
      for (const token of cut.keys()) if (joins(token, cut, list, known)) missing.delete(token);
    }
  }
  return [...missing];
}

/** Of several merges for one token the first is its own. */
function firstSources(pairs: readonly Pair[], list: MergeList): ReadonlyMap<string, Pair> {
  const sources = new Map<string, Pair>();
  for (const pair of pairs) {
    const product = list.product(pair);
    if (!sources.has(product)) sources.set(product, pair);
  }
  return sources;
}

/**
 * True if the pieces that a token is cut into so far end up as this token, with the help of one more merge if need be;
 * the token then leaves `cut`, and otherwise stays with the pieces that are left.
 */
function joins(
  token: string,
  cut: Map<string, readonly string[]>,
  list: MergeList,
  known: ReadonlySet<string>,
): boolean {
  const pieces = list.segment(cut.get(token) ?? []) ?? [];
  const [first = "", second, ...more] = pieces;
  if (second !== undefined && more.length === 0) {
    const bridge: Pair = [first, second];
    const fits = bridge.every((part) => known.has(part)) && list.product(bridge) === token;
    if (fits) list.add(bridge);
    else return false;
  } else if (first !== token || second !== undefined) {
    cut.set(token, pieces);
    return false;
  }
  cut.delete(token);
  return true;
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
