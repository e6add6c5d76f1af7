import { configValue } from "../sources/config.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { hasTokenRows, isLanguageHead, isTokenEmbedding } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";

/**
 * Rows of a model's token embedding: ids below this one have a row. Without an embedding those of its head, else what
 * its config says; undefined if nothing tells.
 */
export function vocabularyRows({ tensors, config }: ModelHeaders): number | undefined {
  const rowsOf = (isWanted: (name: string) => boolean) =>
    [...tensors.values()].reduce(
      (most, { name, shape }) =>
        shape.length === 2 && isWanted(name) ? Math.max(most, shape[0] ?? 0) : most,
      0,
    );
  const rows = rowsOf(isTokenEmbedding) || rowsOf(isLanguageHead);
  if (rows > 0) return rows;
  const stated = configValue(config, "vocab_size");
  return typeof stated === "number" ? stated : undefined;
}

/** True for a tensor with a row for each token of a vocabulary that has so many. */
export function isOverVocabulary(name: string, shape: Shape, rows: number | undefined): boolean {
  return hasTokenRows(name) && shape[0] === rows;
}
