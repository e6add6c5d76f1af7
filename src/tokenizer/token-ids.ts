import { broken } from "./json.ts";

/** One more than the largest id: the largest published vocabularies have a million. Bounds arrays over ids. */
export const MAX_TOKENS = 2 ** 22;

/** Gives a token its id, once it is certain that it can be one. `where` is for messages. */
export function addId(ids: Map<string, number>, token: string, id: unknown, where: string): void {
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= MAX_TOKENS) {
    throw broken(where, `gives ${JSON.stringify(token)} the id ${JSON.stringify(id)}`);
  }
  ids.set(token, id);
}

/** Tokens with their ids, in the order of the ids; those of equal id in the order of the map. */
export function byId(ids: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...ids].sort(([, a], [, b]) => a - b);
}

/** The token of every id below `rows`; undefined where there is none. Of several with one id, the last. */
export function tokensById(ids: ReadonlyMap<string, number>, rows: number): (string | undefined)[] {
  const tokens: (string | undefined)[] = Array.from({ length: rows });
  for (const [token, id] of ids) if (id < rows) tokens[id] = token;
  return tokens;
}

/** Tokens with their ids, as two lists in the order of the ids: a fraction of the memory of one list of pairs. */
export interface TokenList {
  readonly texts: readonly string[];
  readonly ids: readonly number[];
}

/** As `byId`, of the tokens whose ids are below `length`. */
export function listById(tokens: Iterable<readonly [string, number]>, length: number): TokenList {
  const slots: (string | string[] | undefined)[] = Array.from({ length });
  for (const [token, id] of tokens) {
    const slot = slots[id];
    if (slot === undefined) slots[id] = token;
    else if (typeof slot === "string") slots[id] = [slot, token];
    else slot.push(token);
  }
  const [texts, ids]: [string[], number[]] = [[], []];
  slots.forEach((slot, id) => {
    for (const token of typeof slot === "string" ? [slot] : (slot ?? [])) {
      texts.push(token);
      ids.push(id);
    }
  });
  return { texts, ids };
}

export function* entriesOf({ texts, ids }: TokenList): Generator<[string, number]> {
  for (const [place, token] of texts.entries()) yield [token, ids[place] ?? NaN];
}
