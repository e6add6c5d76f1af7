import { modelAt } from "./output-vocabulary.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { AVERAGE, ZERO } from "./row-map.ts";
import type { Alignment, RowMap } from "./row-map.ts";
import { countTokens, TokenCounter } from "./token-count.ts";
import type { TokenCount } from "./token-count.ts";
import { byId, tokensById } from "./token-ids.ts";
import type { AlignedModel } from "./types.ts";

/** What alignment does to one model's rows; padding rows are not counted. */
export interface ModelAlignmentSummary {
  readonly model: string;
  /** Tokens that stand at another id in the output. */
  readonly moved: TokenCount;
  /** Tokens with a row that the output does not have. */
  readonly dropped: TokenCount;
  /** Tokens that get another model's row, or the row of another token. */
  readonly copied: TokenCount;
  readonly averaged: TokenCount;
  readonly zeroed: TokenCount;
}

export interface AlignmentSummary {
  /** The model whose tokenizer the output's starts from. */
  readonly donor: string;
  readonly tokens: number;
  readonly rows: number;
  /** Tokens of the output that the donor lacks. */
  readonly added: TokenCount;
  /** Tokens of the donor that have no row in it. */
  readonly removed: TokenCount;
  readonly models: readonly ModelAlignmentSummary[];
}

/** Counts what becomes of the tokens, with a few examples each, for the table of the report. */
export function summarizeAlignment(
  output: OutputVocabulary,
  models: readonly AlignedModel[],
  alignment: Alignment,
): AlignmentSummary {
  const tokens = tokensById(output.ids, output.rows);
  const donor = modelAt(models, output.donor);
  const added = tokens.filter(
    (token): token is string => token !== undefined && !donor.vocabulary.ids.has(token),
  );
  return {
    donor: donor.reference,
    tokens: output.ids.size,
    rows: output.rows,
    added: countTokens(added),
    removed: countTokens(output.removed),
    models: models.map((model, position) => {
      const map = alignment.maps[position] ?? { starts: [], origins: [], rows: [] };
      return summarizeModel(model, position, map, output, tokens);
    }),
  };
}

function summarizeModel(
  { reference, vocabulary, rows }: AlignedModel,
  position: number,
  map: RowMap,
  output: OutputVocabulary,
  tokens: readonly (string | undefined)[],
): ModelAlignmentSummary {
  const counters = {
    moved: new TokenCounter(),
    copied: new TokenCounter(),
    averaged: new TokenCounter(),
    zeroed: new TokenCounter(),
  };
  map.starts.forEach((start, i) => {
    const origin = map.origins[i] ?? ZERO;
    const stays = origin === position && map.rows[i] === start;
    if (stays) return;
    const counter = counterOf(origin, position, counters);
    const end = map.starts[i + 1] ?? output.rows;
    for (let row = start; row < end; row++) {
      const token = tokens[row];
      if (token === undefined) continue;
      // The recipe may have asked for the row of another token of the same model.
      const isOther = origin === position && vocabulary.ids.get(token) !== (map.rows[i] ?? 0) + row - start;
      (isOther ? counters.copied : counter).add(token);
    }
  });
  const dropped: (readonly [string, number])[] = [];
  for (const entry of vocabulary.ids) if (entry[1] < rows && !output.ids.has(entry[0])) dropped.push(entry);
  return {
    model: reference,
    moved: counters.moved.done(),
    dropped: countTokens(byId(dropped).map(([token]) => token)),
    copied: counters.copied.done(),
    averaged: counters.averaged.done(),
    zeroed: counters.zeroed.done(),
  };
}

function counterOf<C>(
  origin: number,
  position: number,
  counters: { moved: C; copied: C; averaged: C; zeroed: C },
): C {
  if (origin === position) return counters.moved;
  if (origin === AVERAGE) return counters.averaged;
  return origin === ZERO ? counters.zeroed : counters.copied;
}
