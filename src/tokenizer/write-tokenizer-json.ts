import { PlanError } from "../errors.ts";
import type { JsonObject, JsonValue, LargeText } from "../sources/types.ts";
import type { MergeList } from "./bpe.ts";
import { isObject, largeJson, member, withMembers } from "./json.ts";
import type { NamedText } from "./json.ts";
import type { ModelSection } from "./model-section.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { entriesOf } from "./token-ids.ts";
import { readerOf } from "./tokenizer-json.ts";

/** tokenizer.json with the output's vocabulary, merges and added tokens; all else stays. */
export function tokenizerJson(file: NamedText, section: ModelSection, { rows }: OutputVocabulary): LargeText {
  const { root, mergesAreTexts } = readAround(file);
  const model = member(root, "model");
  const old = isObject(model) ? model : {};
  checkPostProcessor(member(root, "post_processor"), rows, file.where);
  const { tokens, merges, scores, added } = section;
  return largeJson(() => ({
    ...root,
    added_tokens: added.map(({ id, content, flags }) => ({ id, content, ...flags })),
    model: {
      ...old,
      vocab: scores ?? withMembers(entriesOf(tokens)),
      ...(merges && { merges: mergesAreTexts && merges.fitsLines ? mergeLines(merges) : merges.texts() }),
    },
  }));
}

/** Merges as lines of two words. */
export function* mergeLines(merges: MergeList): Generator<string> {
  for (const [left, right] of merges.texts()) yield `${left} ${right}`;
}

/** tokenizer.json without what is large in it, each in its place, and whether its merges stand in the older form. */
function readAround(file: NamedText): { root: JsonObject; mergesAreTexts: boolean } {
  const reader = readerOf(file);
  const value = () => JSON.parse(reader.value()) as JsonValue;
  const [root, model]: [JsonObject, JsonObject] = [{}, {}];
  let mergesAreTexts = false;
  const readModel = (key: string) => {
    if (key !== "vocab" && key !== "merges") {
      define(model, key, value());
      return;
    }
    const text = reader.value();
    define(model, key, []);
    // An empty list counts as of the older form, which all libraries read.
    if (key === "merges") mergesAreTexts = /^\[\s*["\]]/.test(text);
  };
  reader.object((key) => {
    define(root, key, key === "model" ? model : value());
    if (key === "model") reader.object(readModel);
  });
  return { root, mergesAreTexts };
}

// An assignment would set the prototype for the key "__proto__".
function define(object: JsonObject, key: string, value: JsonValue): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
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
