import type { Problem } from "../errors.ts";
import { countTokens } from "./token-count.ts";
import type { TokenCount } from "./token-count.ts";
import { tokensById } from "./token-ids.ts";
import type { AlignedModel } from "./types.ts";

/** How a model's vocabulary differs from another's, row by row. */
export interface VocabularyDifference {
  readonly model: string;
  readonly rows: number;
  readonly against: string;
  readonly againstRows: number;
  /** Rows whose token is another one, as `"a" for "b"`. */
  readonly replaced: TokenCount;
  /** Tokens of the model in rows that are padding, or do not exist, in the other one. */
  readonly extra: TokenCount;
  /** Tokens of the other one in rows that are padding, or do not exist, in the model. */
  readonly missing: TokenCount;
}

/** Compares the models with the base (or the first), as a merge by position would; equal ones are left out. */
export function vocabularyDifferences(
  models: readonly AlignedModel[],
  base: number | undefined,
): VocabularyDifference[] {
  const against = models[base ?? 0];
  if (against === undefined) return [];
  const expected = tokensById(against.vocabulary.ids, against.rows);
  return models
    .filter((model) => model !== against)
    .map((model) => differenceOf(model, against, expected))
    .filter(({ rows, againstRows, replaced, extra, missing }) => {
      return rows !== againstRows || replaced.count + extra.count + missing.count > 0;
    });
}

function differenceOf(
  model: AlignedModel,
  against: AlignedModel,
  expected: readonly (string | undefined)[],
): VocabularyDifference {
  const found = tokensById(model.vocabulary.ids, model.rows);
  const [replaced, extra, missing]: [string[], string[], string[]] = [[], [], []];
  for (let id = 0; id < Math.max(found.length, expected.length); id++) {
    const [here, there] = [found[id], expected[id]];
    // Two tokens of one id are equal to themselves in any order.
    if (here === there || (here !== undefined && against.vocabulary.ids.get(here) === id)) continue;
    if (here === undefined) missing.push(JSON.stringify(there));
    else if (there === undefined) extra.push(JSON.stringify(here));
    else replaced.push(`${JSON.stringify(here)} for ${JSON.stringify(there)}`);
  }
  return {
    model: model.reference,
    rows: model.rows,
    against: against.reference,
    againstRows: against.rows,
    replaced: countTokens(replaced),
    extra: countTokens(extra),
    missing: countTokens(missing),
  };
}

/**
 * The problem that differing vocabularies are when a recipe has no tokenizer option: an error if rows of one number
 * mean different tokens or if the numbers of rows differ, a warning if only padding rows are in use elsewhere.
 */
export function vocabularyProblem(difference: VocabularyDifference): Problem {
  const { model, rows, against, againstRows, replaced, extra, missing } = difference;
  const facts = [
    ...(rows === againstRows ? [] : [`${rows} rows against ${againstRows}`]),
    ...factOf(replaced, "row|rows", "of another token"),
    ...factOf(extra, "token|tokens", `that only ${model} has`),
    ...factOf(missing, "token|tokens", `that only ${against} has`),
  ];
  const byPosition = rows !== againstRows || replaced.count > 0;
  return {
    code: "PLAN_VOCABULARY",
    severity: byPosition ? "error" : "warning",
    message: `The vocabulary of ${model} differs from that of ${against}: ${facts.join("; ")}`,
    hint:
      'Add "tokenizer: {source: union}" (or base, or a model) to the recipe to match rows by token; ' +
      (byPosition
        ? "or merge them by position with --unsafe-truncate-embeddings, which cuts off the rows that not all have."
        : "without it, these rows are merged by position."),
  };
}

function factOf({ count, examples }: TokenCount, noun: `${string}|${string}`, what: string): string[] {
  if (count === 0) return [];
  const [one = "", many = ""] = noun.split("|");
  const list = `${examples.join(", ")}${count > examples.length ? ", ..." : ""}`;
  return [`${count} ${count === 1 ? one : many} ${what} (${list})`];
}
