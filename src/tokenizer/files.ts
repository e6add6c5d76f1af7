import { broken } from "./json.ts";
import type { NamedText } from "./json.ts";
import type { TokenizerFiles } from "./types.ts";

/** Characters of a tokenizer file: the largest published ones have 35 million. Bounds what parsing may take. */
const MAX_TOKENIZER_CHARACTERS = 2 ** 27;

/** One of a model's tokenizer files, with its name for messages. */
export function namedFile(files: TokenizerFiles, name: string, reference: string): NamedText | undefined {
  const text = files.get(name);
  if (text === undefined) return undefined;
  const where = `${name} of ${reference}`;
  if (text.length > MAX_TOKENIZER_CHARACTERS) throw broken(where, "is larger than any tokenizer");
  return { where, text };
}
