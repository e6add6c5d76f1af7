import type { PlanOptions } from "../engine/options.ts";
import { fetchFiles } from "../hub/fetch-files.ts";
import { HubTransport } from "../hub/transport.ts";
import type { Recipe } from "../recipe/types.ts";
import { hubOrigins } from "../sources/types.ts";
import type { HubOrigin, ModelHeaders } from "../sources/types.ts";
import { TOKENIZER_FILES } from "../sources/tokenizer-names.ts";
import { READ_FILES } from "./tokenizers.ts";

/**
 * Brings those small files of models on the Hub into the cache that planning reads as a whole; gives the names of what is
 * to be read. Tokenizers that the listed hashes show to be one and the same, and of which no recipe says anything, are not.
 */
export async function bringTexts(
  recipes: readonly Recipe[],
  models: readonly ModelHeaders[],
  { hub, signal }: PlanOptions,
): Promise<readonly string[]> {
  const origins = models.flatMap((model) => model.hub ?? []);
  const isSilent = recipes.every(
    ({ tokenizer, chatTemplate }) => tokenizer === undefined && chatTemplate === undefined,
  );
  // A model may have its adapter's tokenizer.
  const isOwn = models.every(({ contents }) => contents === undefined);
  const isOne = isOwn && origins.length === models.length && new Set(origins.map(tokenizerHashes)).size === 1;
  const names = READ_FILES.filter((name) => !(isSilent && isOne && TOKENIZER_FILES.includes(name)));
  const wanted = models.flatMap(hubOrigins).map((repository) => ({
    repository,
    files: repository.files.filter(({ name }) => names.includes(name) && repository.missing.includes(name)),
  }));
  if (hub !== undefined) await fetchFiles(new HubTransport(hub), wanted, { signal });
  return names;
}

/** The same for models that have the same tokenizer. */
function tokenizerHashes({ files }: HubOrigin): string {
  const own = files.filter(({ name }) => TOKENIZER_FILES.includes(name));
  return own
    .map(({ name, hash }) => `${name} ${hash}`)
    .sort()
    .join();
}
