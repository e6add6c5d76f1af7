import { hasTokenRows } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";
import type { PlanContext } from "./context.ts";
import type { Match } from "./match-tensors.ts";
import { referenceOf } from "./participants.ts";
import type { Row } from "./row.ts";

/**
 * Cuts embeddings and heads of several lengths to the rows that all of them have, where that was asked for. Rows are
 * matched by position: a token that stands elsewhere in another vocabulary is merged with a stranger.
 */
export function truncateRows<M extends Match>(
  matches: readonly M[],
  row: Row,
  context: PlanContext,
): readonly M[] {
  const rows = Math.min(...matches.map(({ header }) => header.shape[0] ?? 0));
  const longer = matches.filter(({ header }) => (header.shape[0] ?? 0) > rows);
  if (context.options.truncateEmbeddings !== true || longer.length === 0 || !hasTokenRows(row.name))
    return matches;
  for (const match of longer) reportCut(match, rows, row, context);
  return matches.map((match) => {
    const { header } = match;
    const [length = 0, ...rest] = header.shape;
    const shape: Shape = [rows, ...rest];
    return length === rows
      ? match
      : { ...match, header: { ...header, shape, byteLength: (header.byteLength / length) * rows } };
  });
}

function reportCut(match: Match, rows: number, row: Row, context: PlanContext): void {
  const { findings, vocabularies } = context;
  const length = match.header.shape[0] ?? 0;
  const { count, examples } = vocabularies.tokensFrom(match.model, rows);
  const shown = examples.map((token) => JSON.stringify(token)).join(", ");
  const tokens = count === 0 ? "" : ` (${shown}${count > examples.length ? ", ..." : ""})`;
  findings.add(`cut|${match.model}|${length}|${rows}`, row.name, {
    code: "PLAN_TRUNCATED",
    severity: "warning",
    sentence: (names) =>
      `The last ${length - rows} of the ${length} rows of ${names} in ${referenceOf(match)} are cut off: their tokens are lost${tokens}.`,
    position: match.source.position,
    hint: "Rows are merged by position. Where vocabularies differ in more than their ends, align them with `tokenizer`.",
  });
}
