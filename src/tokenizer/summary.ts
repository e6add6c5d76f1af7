import { modelAt } from "./output-vocabulary.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { AVERAGE, ZERO } from "./row-map.ts";
import type { Alignment, RowMap } from "./row-map.ts";
import { countTokens } from "./token-count.ts";
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
  const added = byId([...output.ids].filter(([token]) => !donor.vocabulary.ids.has(token)));
  return {
    donor: donor.reference,
    tokens: output.ids.size,
    rows: output.rows,
    added: countTokens(added.map(([token]) => token)),
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
  const lists = {
    moved: [] as string[],
    copied: [] as string[],
    averaged: [] as string[],
    zeroed: [] as string[],
  };
  map.starts.forEach((start, i) => {
    const origin = map.origins[i] ?? ZERO;
    const stays = origin === position && map.rows[i] === start;
    if (stays) return;
    const list = listOf(origin, position, lists);
    const end = map.starts[i + 1] ?? output.rows;
    for (let row = start; row < end; row++) {
      const token = tokens[row];
      if (token === undefined) continue;
      // The recipe may have asked for the row of another token of the same model.
      const other = origin === position && vocabulary.ids.get(token) !== (map.rows[i] ?? 0) + row - start;
      (other ? lists.copied : list).push(token);
    }
  });
  const dropped = byId([...vocabulary.ids].filter(([token, id]) => id < rows && !output.ids.has(token)));
  return {
    model: reference,
    moved: countTokens(lists.moved),
    dropped: countTokens(dropped.map(([token]) => token)),
    copied: countTokens(lists.copied),
    averaged: countTokens(lists.averaged),
    zeroed: countTokens(lists.zeroed),
  };
}

function listOf<L>(
  origin: number,
  position: number,
  lists: { moved: L; copied: L; averaged: L; zeroed: L },
): L {
  if (origin === position) return lists.moved;
  if (origin === AVERAGE) return lists.averaged;
  return origin === ZERO ? lists.zeroed : lists.copied;
}
