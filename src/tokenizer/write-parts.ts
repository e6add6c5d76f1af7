import type { JsonObject, JsonValue } from "../sources/types.ts";
import { contentOf, NAMED_SPECIAL_KEYS, SPECIAL_LIST_KEYS } from "./added-tokens.ts";
import { isObject, member, parseJsonObject, printJson, withMembers } from "./json.ts";
import type { NamedText, Printable } from "./json.ts";
import type { ModelSection } from "./model-section.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { entriesOf } from "./token-ids.ts";
import { mergeLines } from "./write-tokenizer-json.ts";

/** tokenizer_config.json with the output's added tokens, if it lists them, and without roles of tokens left out. */
export function tokenizerConfig(file: NamedText, { added }: ModelSection, { ids }: OutputVocabulary): string {
  const config = withoutLostRoles(parseJsonObject(file), ids);
  if (member(config, "added_tokens_decoder") === undefined) return printJson(config);
  const decoder = added.map(({ id, content, flags }): [string, Printable] => [
    String(id),
    { content, ...flags },
  ]);
  return printJson({ ...config, added_tokens_decoder: withMembers(decoder) });
}

/** special_tokens_map.json without roles of tokens left out. */
export function tokenizerRoles(file: NamedText, _: ModelSection, { ids }: OutputVocabulary): string {
  return printJson(withoutLostRoles(parseJsonObject(file), ids));
}

/** A library would add a token that has a role but no id, behind the last row. */
function withoutLostRoles(config: JsonObject, ids: ReadonlyMap<string, number>): JsonObject {
  const isLost = (value: JsonValue | undefined) => {
    const content = contentOf(value);
    return content !== undefined && !ids.has(content);
  };
  const entries = Object.entries(config).flatMap(([key, value]): [string, JsonValue][] => {
    const isRole = (NAMED_SPECIAL_KEYS as readonly string[]).includes(key);
    if (isRole) return isLost(value) ? [] : [[key, value]];
    const isList = (SPECIAL_LIST_KEYS as readonly string[]).includes(key);
    if (isList && Array.isArray(value)) return [[key, value.filter((each) => !isLost(each))]];
    if (!isList || !isObject(value)) return [[key, value]];
    return [[key, Object.fromEntries(Object.entries(value).filter(([, each]) => !isLost(each)))]];
  });
  return Object.fromEntries(entries);
}

/** added_tokens.json: the tokens that the tokenizer's model does not have. */
export function addedTokensJson({ added }: ModelSection): string {
  return printJson(
    withMembers(added.filter(({ outside }) => outside).map(({ content, id }) => [content, id])),
  );
}

/** vocab.json: the tokens of the tokenizer's model. */
export function vocabJson({ tokens }: ModelSection): string {
  return printJson(withMembers(entriesOf(tokens)));
}

/** merges.txt under the first line that it had; undefined for merges that two words of a line cannot say. */
export function mergesText({ text }: NamedText, { merges }: ModelSection): string | undefined {
  if (merges?.fitsLines !== true) return undefined;
  const version = /^#version[^\r\n]*/.exec(text);
  return [...(version ?? []), ...mergeLines(merges), ""].join("\n");
}

/** vocab.txt, where the number of a line is the id; undefined for tokens that it cannot hold. */
export function vocabText({ tokens: { texts, ids } }: ModelSection): string | undefined {
  const fits = texts.every((token, line) => ids[line] === line && !/[\r\n]/.test(token));
  return fits ? texts.map((token) => `${token}\n`).join("") : undefined;
}
