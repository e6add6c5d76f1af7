import { PlanError } from "../errors.ts";
import type { JsonValue } from "../sources/types.ts";
import { MergeList } from "./bpe.ts";
import { namedFile } from "./files.ts";
import { broken } from "./json.ts";
import { extendMerges, readMerges } from "./merges.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { Symbols } from "./symbols.ts";
import { listById } from "./token-ids.ts";
import type { TokenList } from "./token-ids.ts";
import { readModelPart, scoredTokens } from "./tokenizer-json.ts";
import type { AddedToken, TokenizedModel } from "./types.ts";

/** What the output's tokenizer model knows, apart from the format of a file. */
export interface ModelSection {
  /** Tokens of the model itself, by id. */
  readonly tokens: TokenList;
  /** BPE only. */
  readonly merges: MergeList | undefined;
  /** Unigram only: tokens with scores, the place is the id. */
  readonly scores: readonly (readonly [string, number])[] | undefined;
  /** Added tokens by id. */
  readonly added: readonly AddedToken[];
  /** New tokens that have rows, but that no text is encoded to. */
  readonly unreachable: readonly string[];
}

/** The donor's tokenizer model without removed tokens and with those that other models bring. */
export function modelSection(
  output: OutputVocabulary,
  models: readonly TokenizedModel[],
  donor: TokenizedModel,
): ModelSection {
  const { kind, spelling } = donor.vocabulary;
  const added = [...output.added.values()].sort((a, b) => a.id - b.id);
  const tokens = ownTokens(output, added, kind === "Unigram" || donor.vocabulary.file === "vocab.txt", donor);
  const section = { tokens, added, merges: undefined, scores: undefined, unreachable: [] };
  if (kind === "Unigram") return { ...section, scores: scoresOf(tokens, models, donor) };
  if (kind !== "BPE") return section;
  const symbols = new Symbols(output.ids, output.length);
  const known = flagsOf(
    tokens.texts.map((token) => symbols.numberOf(token)),
    symbols,
  );
  const list = new MergeList(symbols, spelling.prefix);
  const own = readMerges(donor, symbols);
  for (let place = 0; place < own.length; place++) {
    const [left, right] = [own.left(place), own.right(place)];
    // Libraries refuse to load a merge of tokens that are not there.
    const whole =
      output.removed.length === 0 ||
      [left, right, list.product(left, right)].every((part) => known[part] === 1);
    if (whole) list.add(left, right);
  }
  const brought = [...output.brought.keys()].filter((token) => !output.added.has(token));
  const wanted = flagsOf(
    brought.map((token) => symbols.numberOf(token)),
    symbols,
  );
  const unreachable = extendMerges(list, spelling, { wanted, known }, models);
  return { ...section, merges: list, unreachable };
}

function flagsOf(numbers: readonly number[], { count }: Symbols): Uint8Array {
  const flags = new Uint8Array(count);
  for (const number of numbers) flags[number] = 1;
  return flags;
}

/**
 * The tokens that the model itself must know. Added tokens outside of it are numbered on loading: behind the model's
 * tokens, one after the other. Where that would not give their ids, the model gets them as well, as no text reaches it
 * with them in it.
 */
function ownTokens(
  output: OutputVocabulary,
  added: readonly AddedToken[],
  listed: boolean,
  donor: TokenizedModel,
): TokenList {
  const outside = new Set(added.filter((token) => token.outside).map(({ content }) => content));
  const inside = listById(entriesWithout(output.ids, outside), output.length);
  const tokens = loadsInPlace(added, outside, inside.ids.length)
    ? inside
    : listById(output.ids, output.length);
  const hole = tokens.ids.findIndex((id, place) => id !== place);
  if (listed && hole >= 0) {
    const message = `The tokenizer of ${donor.reference} numbers its tokens by their place and cannot leave out the id ${hole}`;
    const hint = "Let the recipe's `tokenizer` take the vocabulary of one model as it is.";
    throw new PlanError("PLAN_TOKENIZER", message, { where: donor.reference, hint });
  }
  return tokens;
}

function* entriesWithout(
  ids: ReadonlyMap<string, number>,
  left: ReadonlySet<string>,
): Generator<[string, number]> {
  for (const entry of ids) if (!left.has(entry[0])) yield entry;
}

/** Follows the numbering of the tokenizers library. */
function loadsInPlace(added: readonly AddedToken[], outside: ReadonlySet<string>, size: number): boolean {
  let next = size;
  return added.every(({ content, id }) => {
    const loaded = outside.has(content) ? next : id;
    next = Math.max(next, loaded + 1);
    return loaded === id;
  });
}

/** New tokens keep the scores of the first Unigram model that has them; without one, the lowest score of the donor. */
function scoresOf(
  { texts }: TokenList,
  models: readonly TokenizedModel[],
  donor: TokenizedModel,
): (readonly [string, number])[] {
  const own = readScores(donor);
  let lowest = 0;
  for (const score of own.values()) lowest = Math.min(lowest, score);
  const others = models.filter((model) => model !== donor && model.vocabulary.kind === "Unigram");
  const read = new Map<TokenizedModel, ReadonlyMap<string, number>>();
  const scoreElsewhere = (token: string) => {
    const model = others.find(({ vocabulary }) => vocabulary.ids.has(token) && !vocabulary.added.has(token));
    if (model === undefined) return undefined;
    const scores = read.get(model) ?? readScores(model);
    read.set(model, scores);
    return scores.get(token);
  };
  return texts.map((token) => [token, own.get(token) ?? scoreElsewhere(token) ?? lowest]);
}

function readScores({ files, reference }: TokenizedModel): Map<string, number> {
  const file = namedFile(files, "tokenizer.json", reference);
  if (file === undefined) throw broken(`The tokenizer of ${reference}`, "has no scores");
  let scores: [string, number][] = [];
  readModelPart(file, "vocab", (reader) => {
    scores = scoredTokens(JSON.parse(reader.value()) as JsonValue, file.where);
  });
  return new Map(scores);
}
