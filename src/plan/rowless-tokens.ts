import type { Problem } from "../errors.ts";
import { DONOR } from "./models.ts";
import type { PlanContext } from "./context.ts";

/** Warns of tokens that have no row, where the output takes the donor's tokenizer over as it is. */
export function rowlessTokens({ table, vocabularies }: PlanContext): Problem[] {
  const rows = vocabularies.rows[DONOR];
  if (vocabularies.merged !== undefined || rows === undefined) return [];
  const { count, examples } = vocabularies.rowlessOf(DONOR, rows);
  if (count === 0) return [];
  const { reference } = table.at(DONOR);
  const shown = examples.map((token) => JSON.stringify(token)).join(", ");
  const tokens = count === 1 ? "a token" : `${count} tokens`;
  const message =
    `The tokenizer of ${reference} has ${tokens} beyond its ${rows} rows of embeddings ` +
    `(${shown}${count > examples.length ? ", ..." : ""}): the output cannot read text that holds them`;
  const hint =
    "Add a `tokenizer` to the recipe to leave them out, or name them under tokenizer.tokens to give them rows.";
  return [{ code: "PLAN_VOCABULARY", severity: "warning", message, hint }];
}
