import { PlanError } from "../errors.ts";
import type { JsonObject, JsonValue } from "../sources/types.ts";
import type { Pair } from "./bpe.ts";
import { isObject, member, parseJsonObject, printJson } from "./json.ts";
import type { NamedText, Printable } from "./json.ts";
import type { ModelSection } from "./model-section.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";

/** tokenizer.json with the output's vocabulary, merges and added tokens; all else stays. */
export function tokenizerJson(file: NamedText, section: ModelSection, { rows }: OutputVocabulary): string {
  const root = parseJsonObject(file);
  const model = member(root, "model");
  const old = isObject(model) ? model : {};
  checkPostProcessor(member(root, "post_processor"), rows, file.where);
  const { tokens, merges, scores, added } = section;
  return printJson({
    ...root,
    added_tokens: added.map(({ id, content, flags }) => ({ id, content, ...flags })),
    model: {
      ...old,
      vocab: scores ?? new Map(tokens),
      ...(merges === undefined ? {} : { merges: mergeEntries(merges, old) }),
    },
  });
}

/** Merges in the form that the file had; texts with a space need the newer form, a list of two for each. */
function mergeEntries(merges: readonly Pair[], old: JsonObject): Printable {
  const list = member(old, "merges");
  const asText = Array.isArray(list) && (list.length === 0 || typeof list[0] === "string");
  return asText && !merges.some(hasSpace) ? merges.map((pair) => pair.join(" ")) : merges;
}

/** True for a pair that cannot stand as two words of a line. */
export function hasSpace(pair: Pair): boolean {
  return pair.some((part) => /\s/u.test(part));
}

/** A post-processor puts tokens around every text by their ids, whether the vocabulary has them or not. */
function checkPostProcessor(processor: JsonValue | undefined, rows: number, where: string): void {
  const lost = idsOf(processor).find((id) => id >= rows);
  if (lost === undefined) return;
  const message = `${where} adds the token ${lost} to every text, which would have no row among ${rows}`;
  const hint = "Name that token under tokenizer.tokens to give it a row.";
  throw new PlanError("PLAN_TOKENIZER", message, { where, hint });
}

/** Ids stand in lists "ids" (templates), or beside their token in a pair (BERT, RoBERTa). */
function idsOf(step: JsonValue | undefined, key = ""): number[] {
  if (Array.isArray(step)) {
    const isPair = step.length === 2 && typeof step[0] === "string";
    const numbers = key === "ids" || isPair ? step.filter((each) => typeof each === "number") : [];
    return [...numbers, ...step.flatMap((each) => idsOf(each))];
  }
  return isObject(step) ? Object.entries(step).flatMap(([name, value]) => idsOf(value, name)) : [];
}
