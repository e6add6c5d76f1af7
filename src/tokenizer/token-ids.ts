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
