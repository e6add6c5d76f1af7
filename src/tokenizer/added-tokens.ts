import type { JsonObject, JsonValue } from "../sources/types.ts";
import { broken, isObject, member, parseJsonObject } from "./json.ts";
import type { NamedText } from "./json.ts";
import { addId } from "./token-ids.ts";
import { ADDED_TOKEN_FLAGS } from "./types.ts";
import type { AddedToken, AddedTokenFlags } from "./types.ts";

/** Keys of tokenizer_config.json and special_tokens_map.json that name one token each. */
export const NAMED_SPECIAL_KEYS = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

/** Keys that hold several tokens, as a list or by role. */
export const SPECIAL_LIST_KEYS = ["additional_special_tokens", "extra_special_tokens"] as const;

/** Flags of a token that is added by its text alone, as transformers sets them. */
export function plainFlags(special: boolean): AddedTokenFlags {
  return { single_word: false, lstrip: false, rstrip: false, normalized: !special, special };
}

/** The text of a token that stands as a string or as an object with its flags; undefined for anything else. */
export function contentOf(value: JsonValue | undefined): string | undefined {
  const content = isObject(value) ? member(value, "content") : value;
  return typeof content === "string" ? content : undefined;
}

function flagsOf(value: JsonValue | undefined, special: boolean): AddedTokenFlags {
  const object = isObject(value) ? value : undefined;
  const plain = plainFlags(member(object, "special") === true || special);
  const stated = ADDED_TOKEN_FLAGS.flatMap((flag) => {
    const setting = member(object, flag);
    return typeof setting === "boolean" && flag !== "special" ? [[flag, setting]] : [];
  });
  return { ...plain, ...(Object.fromEntries(stated) as Partial<AddedTokenFlags>) };
}

/**
 * Finds the added tokens in all files that name them and gives `ids` those that the tokenizer's model lacks, in
 * transformers' order: tokenizer.json (`list`), added_tokens_decoder, added_tokens.json, then special tokens that only
 * have a role.
 */
export function addAddedTokens(
  ids: Map<string, number>,
  list: { readonly value: JsonValue | undefined; readonly where: string },
  named: (name: string) => NamedText | undefined,
): Map<string, AddedToken> {
  const tokens = new AddedTokens(ids);
  const [config, specialMap, extra] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
  ].map((name) => parsed(named(name)));
  for (const token of Array.isArray(list.value) ? list.value : []) {
    const content = contentOf(token);
    if (content === undefined) throw broken(list.where, "has an added token without content");
    tokens.add(content, isObject(token) ? member(token, "id") : undefined, flagsOf(token, false), list.where);
  }
  tokens.addStated(config, extra);
  for (const each of [specialMap, config]) if (each !== undefined) tokens.addRoles(each.root, each.where);
  return tokens.added;
}

/** The added tokens that have an id in tokenizer_config.json or added_tokens.json, for tokenizers that are not read. */
export function statedTokens(named: (name: string) => NamedText | undefined): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  new AddedTokens(ids).addStated(parsed(named("tokenizer_config.json")), parsed(named("added_tokens.json")));
  return ids;
}

interface Parsed {
  readonly root: JsonObject;
  readonly where: string;
}

function parsed(file: NamedText | undefined): Parsed | undefined {
  return file === undefined ? undefined : { root: parseJsonObject(file), where: file.where };
}

class AddedTokens {
  readonly added = new Map<string, AddedToken>();
  readonly #ids: Map<string, number>;
  readonly #taken: Set<number>;
  #next: number;

  constructor(ids: Map<string, number>) {
    this.#ids = ids;
    this.#taken = new Set(ids.values());
    this.#next = 0;
    for (const id of this.#taken) this.#next = Math.max(this.#next, id + 1);
  }

  /** A token that the model knows keeps the model's id, whatever the list says: so do all libraries. */
  add(content: string, id: JsonValue | undefined, flags: AddedTokenFlags, where: string): void {
    const known = this.#ids.get(content);
    if (known === undefined) {
      addId(this.#ids, content, id, where);
      this.#taken.add(Number(id));
      this.#next = Math.max(this.#next, Number(id) + 1);
    }
    this.added.set(content, { content, id: known ?? Number(id), flags, outside: known === undefined });
  }

  /** As `add`, unless it is done already; an id that another token has gives way to the next free one. */
  addOnce(content: string, id: JsonValue | undefined, flags: AddedTokenFlags, where: string): void {
    if (this.added.has(content)) return;
    this.add(content, id === undefined || this.#taken.has(Number(id)) ? this.#next : id, flags, where);
  }

  /** Tokens with ids: of added_tokens_decoder, then of added_tokens.json. */
  addStated(config: Parsed | undefined, extra: Parsed | undefined): void {
    if (config !== undefined) this.#addDecoder(config.root, config.where);
    const entries = extra === undefined ? [] : Object.entries(extra.root);
    for (const [token, id] of entries.sort(([, a], [, b]) => Number(a) - Number(b))) {
      this.addOnce(token, id, plainFlags(false), extra?.where ?? "");
    }
  }

  #addDecoder(config: JsonObject, where: string): void {
    const decoder = member(config, "added_tokens_decoder");
    // Keys that are whole numbers come in ascending order.
    for (const [id, token] of isObject(decoder) ? Object.entries(decoder) : []) {
      const content = contentOf(token);
      if (content === undefined) throw broken(where, `has an added token ${id} without content`);
      this.addOnce(content, Number(id), flagsOf(token, false), where);
    }
  }

  addRoles(config: JsonObject, where: string): void {
    const single = NAMED_SPECIAL_KEYS.map((key) => member(config, key));
    const lists = SPECIAL_LIST_KEYS.flatMap((key) => {
      const list = member(config, key);
      return typeof list === "object" && list !== null ? Object.values(list) : [];
    });
    for (const token of [...single, ...lists]) {
      const content = contentOf(token);
      if (content !== undefined && content !== "")
        this.addOnce(content, undefined, flagsOf(token, true), where);
    }
  }
}
