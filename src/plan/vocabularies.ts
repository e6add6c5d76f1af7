import { alignRows } from "../tokenizer/align.ts";
import { vocabularyDifferences } from "../tokenizer/differences.ts";
import type { VocabularyDifference } from "../tokenizer/differences.ts";
import type { Alignment } from "../tokenizer/row-map.ts";
import type { TokenCount } from "../tokenizer/token-count.ts";
import { VOCABULARY_FILES } from "../sources/tokenizer-names.ts";
import type { AlignedModel, TokenizerFiles } from "../tokenizer/types.ts";
import { readIfPossible, tokensFrom, tokensWithoutRow } from "../tokenizer/tokens-from.ts";
import { DONOR } from "./models.ts";
import type { ModelTable } from "./models.ts";
import type { MergedTokenizer } from "./plan-tokenizer.ts";
import { vocabularyRows } from "./token-rows.ts";

/** What planning may know of tokenizers. */
export interface TokenizerInput {
  /** Tokenizer files of the models that have any, by `referenceText`. */
  readonly files: ReadonlyMap<string, TokenizerFiles>;
  /** Numbers of tokens of tokenizers that are not read, as far as they are known; by `referenceText` too. */
  readonly pieces?: ReadonlyMap<string, number>;
  /** The output's tokenizer, where the recipe says something about it. */
  readonly merged?: MergedTokenizer;
}

export interface NumberedAlignment {
  /** Position in `MergePlan.alignments`. */
  readonly position: number;
  readonly alignment: Alignment;
}

/** The vocabularies of a merge's models, compared and aligned as far as tensors need it. */
export class Vocabularies {
  readonly merged: MergedTokenizer | undefined;
  /** By position in the table of models. */
  readonly rows: readonly (number | undefined)[];
  readonly alignments: Alignment[] = [];
  readonly #byModels = new Map<string, NumberedAlignment>();
  readonly #table: ModelTable;
  readonly #files: TokenizerInput["files"];
  readonly #pieces: TokenizerInput["pieces"];
  #differences: ReadonlyMap<string, VocabularyDifference> | undefined;

  constructor(table: ModelTable, { files, pieces, merged }: TokenizerInput) {
    this.#table = table;
    this.#files = files;
    this.#pieces = pieces;
    this.merged = merged;
    this.rows = table.headers.map(vocabularyRows);
  }

  /** How the rows of tensors of these models come about, the output's vocabulary being the merged one. */
  alignmentOf(positions: readonly number[], base: number | undefined): NumberedAlignment | undefined {
    if (this.merged === undefined) return undefined;
    const { models, output, setting, alignment: whole, base: wholeBase } = this.merged;
    const key = `${positions.join(" ")} of ${base ?? "none"}`;
    const known = this.#byModels.get(key);
    if (known !== undefined) return known;
    const aligned = positions.flatMap((position) => models[position] ?? []);
    const first = base === undefined ? -1 : positions.indexOf(base);
    const alignment =
      positions.length === models.length && base === wholeBase
        ? whole
        : alignRows(output, aligned, first < 0 ? undefined : first, setting.tokens);
    const numbered = { position: this.alignments.length, alignment };
    this.alignments.push(alignment);
    this.#byModels.set(key, numbered);
    return numbered;
  }

  /** How a model's vocabulary differs from that of the output, which the donor gives; undefined if it does not. */
  differenceOf(position: number): VocabularyDifference | undefined {
    this.#differences ??= this.#compare();
    return this.#differences.get(this.#table.at(position).reference);
  }

  /** Tokens of a model with this id or a larger one, in the order of ids; none if its tokenizer cannot be read. */
  tokensFrom(position: number, id: number): TokenCount {
    const { reference } = this.#table.at(position);
    return tokensFrom(this.#files.get(reference) ?? new Map(), reference, id);
  }

  /** How many tokens a tokenizer has that is not read; undefined for one that is, and where nothing tells. */
  piecesOf(position: number): number | undefined {
    return this.#pieces?.get(this.#table.at(position).reference);
  }

  /** Tokens of a model that have no row among so many. */
  rowlessOf(position: number, rows: number): TokenCount {
    const { reference } = this.#table.at(position);
    return tokensWithoutRow(this.#files.get(reference) ?? new Map(), reference, rows);
  }

  #compare(): ReadonlyMap<string, VocabularyDifference> {
    const { reference: against } = this.#table.at(DONOR);
    const donorFiles = this.#files.get(against);
    if (donorFiles === undefined) return new Map();
    const others = this.#table.headers.flatMap(({ reference }, position) => {
      const files = this.#files.get(reference);
      return files === undefined || position === DONOR ? [] : [{ reference, position, files }];
    });
    const isLike = (files: TokenizerFiles, position: number) =>
      saySameTokens(files, donorFiles) && this.rows[position] === this.rows[DONOR];
    if (others.every(({ files, position }) => isLike(files, position))) return new Map();
    const shared = readIfPossible(donorFiles, against);
    const models = [{ reference: against, position: DONOR, files: donorFiles }, ...others].flatMap(
      ({ reference, position, files }): AlignedModel[] => {
        const same = saySameTokens(files, donorFiles);
        const vocabulary = same ? shared : readIfPossible(files, reference);
        return vocabulary === undefined
          ? []
          : [{ reference, vocabulary, rows: this.rows[position] ?? vocabulary.length }];
      },
    );
    const differences = shared === undefined ? [] : vocabularyDifferences(models, 0);
    return new Map(differences.map((difference) => [difference.model, difference]));
  }
}

function saySameTokens(a: TokenizerFiles, b: TokenizerFiles): boolean {
  return VOCABULARY_FILES.every((name) => a.get(name) === b.get(name));
}
