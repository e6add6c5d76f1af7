import { PlanError } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { modelAt, positionOf } from "./output-vocabulary.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { ZERO } from "./row-map.ts";
import type { RowSource } from "./row-map.ts";
import type { AlignedModel, TokenizerSetting, TokenSource } from "./types.ts";

/** What a recipe says of one output row; without a source, the default rule finds one. */
export interface TokenRule {
  readonly source?: RowSource;
  readonly force: boolean;
}

/** The recipe's sources of single tokens, by output row. Throws PLAN_TOKENIZER where a model lacks what it is to give. */
export function tokenRules(
  output: OutputVocabulary,
  models: readonly AlignedModel[],
  tokens: TokenizerSetting["tokens"],
): ReadonlyMap<number, TokenRule> {
  const rules = new Map<number, TokenRule>();
  for (const [token, { source, force }] of tokens) {
    const row = output.ids.get(token);
    if (row === undefined) continue;
    rules.set(row, source === undefined ? { force } : { source: sourceRow(token, source, models), force });
  }
  return rules;
}

function sourceRow(token: string, source: TokenSource, models: readonly AlignedModel[]): RowSource {
  if (source.kind === "zero") return { origin: ZERO, row: 0 };
  const origin = positionOf(models, source.model, `The row of ${JSON.stringify(token)}`);
  const { reference, vocabulary, rows } = modelAt(models, origin);
  const wanted = source.kind === "model" ? token : source.token;
  const row = typeof wanted === "number" ? wanted : vocabulary.ids.get(wanted);
  if (row !== undefined && row >= 0 && row < rows) return { origin, row };
  const from = `The row of ${JSON.stringify(token)} is to come from ${reference}`;
  const message =
    row === undefined
      ? `${from}, which does not know the token ${JSON.stringify(wanted)}`
      : `${from}, which has ${rows} rows and none for the id ${row}`;
  const near =
    typeof wanted === "string" && row === undefined ? didYouMean(wanted, vocabulary.ids.keys()) : "";
  const hint = `Name a token that this model has.${near}`;
  throw new PlanError("PLAN_TOKENIZER", message, { where: reference, hint });
}
