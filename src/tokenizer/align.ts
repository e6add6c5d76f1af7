import type { OutputVocabulary } from "./output-vocabulary.ts";
import { AverageTable, MEAN, RowMapBuilder, ZERO } from "./row-map.ts";
import type { Alignment, RowSource } from "./row-map.ts";
import { tokensById } from "./token-ids.ts";
import { tokenRules } from "./token-rules.ts";
import type { TokenRule } from "./token-rules.ts";
import type { AlignedModel, TokenizerSetting } from "./types.ts";

/**
 * Aligns the rows of models that have a tensor over the vocabulary. A model keeps the rows of its own tokens; for one
 * that it lacks it gets what the recipe says, else the row of the only model that has it, else the base's, else the
 * average of those that have it, else zeros. Padding rows count as tokens named by their number.
 */
export function alignRows(
  output: OutputVocabulary,
  models: readonly AlignedModel[],
  base: number | undefined,
  tokens: TokenizerSetting["tokens"],
): Alignment {
  const rules = tokenRules(output, models, tokens);
  const own = ownRows(output, models);
  const averages = new AverageTable();
  const builders = models.map(() => new RowMapBuilder());
  for (let row = 0; row < output.rows; row++) {
    const mean = output.padding === "mean" && row >= output.length;
    const rule = mean ? PADDED : rules.get(row);
    let shared: RowSource | undefined;
    for (let model = 0; model < models.length; model++) {
      const mine = own[model]?.[row] ?? -1;
      if (mine >= 0 && rule?.force !== true) builders[model]?.push(row, { origin: model, row: mine });
      else builders[model]?.push(row, (shared ??= rule?.source ?? defaultSource(own, row, base, averages)));
    }
  }
  return {
    rowCount: output.rows,
    vocabularyLength: output.length,
    maps: builders.map(({ starts, origins, rows }) => ({ starts, origins, rows })),
    averages: { starts: averages.starts, models: averages.models, rows: averages.rows },
  };
}

const PADDED: TokenRule = { source: { origin: MEAN, row: 0 }, force: true };

/** For each model and each output row the model's own row, or -1. */
function ownRows(output: OutputVocabulary, models: readonly AlignedModel[]): Int32Array[] {
  const tokens = tokensById(output.ids, output.length);
  // Two tokens may share an id; the added one is what texts are cut by.
  for (const { content, id } of output.added.values()) tokens[id] = content;
  return models.map(({ vocabulary, rows }) => {
    const named = new Uint8Array(Math.max(rows, vocabulary.length));
    for (const id of vocabulary.ids.values()) named[id] = 1;
    const own = new Int32Array(output.rows).fill(-1);
    for (let row = 0; row < output.rows; row++) {
      const token = tokens[row];
      const id = token === undefined ? row : (vocabulary.ids.get(token) ?? rows);
      if (id < rows && (token !== undefined || named[id] === 0)) own[row] = id;
    }
    return own;
  });
}

function defaultSource(
  own: readonly Int32Array[],
  row: number,
  base: number | undefined,
  averages: AverageTable,
): RowSource {
  const holders: RowSource[] = [];
  own.forEach((rows, origin) => {
    const mine = rows[row] ?? -1;
    if (mine >= 0) holders.push({ origin, row: mine });
  });
  const [first] = holders;
  if (first === undefined) return { origin: ZERO, row: 0 };
  if (holders.length === 1) return first;
  return holders.find(({ origin }) => origin === base) ?? averages.add(holders);
}
