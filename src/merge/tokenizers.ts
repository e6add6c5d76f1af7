import { unreadFile } from "../plan/unread-tokenizers.ts";
import { readSideBytes, readSideTexts } from "../sources/side-texts.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { OPAQUE_FILES, TOKENIZER_FILES } from "../sources/tokenizer-names.ts";
import { pieceCount } from "../tokenizer/piece-count.ts";
import type { TokenizerFiles } from "../tokenizer/types.ts";

export const GENERATION_CONFIG = "generation_config.json";
/** All that planning may read as a whole. */
export const READ_FILES: readonly string[] = [
  ...TOKENIZER_FILES.filter((name) => !OPAQUE_FILES.includes(name)),
  GENERATION_CONFIG,
];
/** The largest published tokenizer.json has 35 MB. */
const MAX_FILE_BYTES = 2 ** 27;
/** Models of sentencepiece have 0.5 to 5 MB. */
const MAX_OPAQUE_BYTES = 2 ** 24;

/** The texts among a model's small files that a merge may have to change. */
export interface ModelTexts {
  /** Empty for a model without a tokenizer. */
  readonly tokenizer: TokenizerFiles;
  /** Tokens of a tokenizer that is only there in a format that is not read, if they are easily counted. */
  readonly pieces?: number;
  readonly generationConfig?: string;
}

/** Reads those files of all models that have one of the names, by reference; files that are equal share their text. */
export async function readModelTexts(
  models: Iterable<ModelHeaders>,
  names: readonly string[],
): Promise<Map<string, ModelTexts>> {
  const known = new Map<string, string>();
  const shared = (text: string) => {
    const first = known.get(text) ?? text;
    known.set(first, first);
    return first;
  };
  const result = new Map<string, ModelTexts>();
  for (const model of models) {
    const texts = await readSideTexts(model, names, MAX_FILE_BYTES);
    const generationConfig = texts.get(GENERATION_CONFIG);
    texts.delete(GENERATION_CONFIG);
    for (const [name, text] of texts) texts.set(name, shared(text));
    for (const { name } of model.sideFiles) if (OPAQUE_FILES.includes(name)) texts.set(name, "");
    const unread = unreadFile(model);
    const bytes = unread && (await readSideBytes(model, unread.name, MAX_OPAQUE_BYTES));
    const pieces = unread && bytes && pieceCount(unread.name, bytes);
    result.set(model.reference, {
      tokenizer: texts,
      ...(pieces !== undefined && { pieces }),
      ...(generationConfig !== undefined && { generationConfig }),
    });
  }
  return result;
}

/** The tokenizer files of the models that have any. */
export function tokenizerFilesOf(
  texts: ReadonlyMap<string, ModelTexts>,
  references: Iterable<string>,
): ReadonlyMap<string, TokenizerFiles> {
  const files = new Map<string, TokenizerFiles>();
  for (const reference of references) {
    const own = texts.get(reference)?.tokenizer;
    if (own !== undefined && own.size > 0) files.set(reference, own);
  }
  return files;
}
