import { contentOf, NAMED_SPECIAL_KEYS } from "./added-tokens.ts";
import { isObject, member, parseJsonObject } from "./json.ts";
import type { TokenizerFiles } from "./types.ts";

/** Where ids are the values of members. */
const FILES_WITH_IDS = ["tokenizer.json", "added_tokens.json", "vocab.json"];

/**
 * Whether a tokenizer may have a token with this id or a larger one. A look at the texts, since parsing large ones takes
 * seconds; it errs on the side of yes.
 */
export function mayHaveIdFrom(files: TokenizerFiles, least: number): boolean {
  return (
    FILES_WITH_IDS.some((name) => hasNumberFrom(files.get(name), /:\s*(\d+)/g, least)) ||
    hasNumberFrom(files.get("tokenizer_config.json"), /"(\d+)"\s*:/g, least) ||
    listsMoreThan(files.get("tokenizer.json"), least) ||
    hasMoreThan(files.get("vocab.txt"), /[^\n]+/g, least) ||
    hasUnknownRole(files)
  );
}

function hasNumberFrom(text: string | undefined, pattern: RegExp, least: number): boolean {
  for (const [, digits] of text?.matchAll(pattern) ?? []) if (Number(digits) >= least) return true;
  return false;
}

/** Unigram's ids are the places of a list of pairs. */
function listsMoreThan(text: string | undefined, count: number): boolean {
  return text !== undefined && /"vocab"\s*:\s*\[/.test(text) && hasMoreThan(text, /\[\s*"/g, count);
}

function hasMoreThan(text: string | undefined, pattern: RegExp, count: number): boolean {
  const matches = text?.matchAll(pattern);
  let left = count;
  while (matches?.next().done === false) if (--left < 0) return true;
  return false;
}

/** A special token that only has a role gets the next free id on loading. */
function hasUnknownRole(files: TokenizerFiles): boolean {
  const others = FILES_WITH_IDS.map((name) => files.get(name)).filter((text) => text !== undefined);
  const lines = files.get("vocab.txt");
  const roles = ["tokenizer_config.json", "special_tokens_map.json"].flatMap((name) =>
    rolesIn(files.get(name)),
  );
  return roles.some((token) => {
    const quoted = JSON.stringify(token);
    return !others.some((text) => text.includes(quoted)) && lines?.includes(token) !== true;
  });
}

function rolesIn(text: string | undefined): string[] {
  if (text === undefined) return [];
  try {
    const config = parseJsonObject({ where: "", text });
    const decoder = member(config, "added_tokens_decoder");
    const known = new Set(Object.values(isObject(decoder) ? decoder : {}).map(contentOf));
    const roles = NAMED_SPECIAL_KEYS.map((key) => contentOf(member(config, key)));
    return roles.filter((token) => token !== undefined && token !== "" && !known.has(token)) as string[];
  } catch {
    return []; // Whoever reads the file says what is wrong with it.
  }
}
