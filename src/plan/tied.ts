import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { isLanguageHead, isTokenEmbedding } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";
import { configValue } from "./models.ts";

/** What a model's config says of tying head and embedding; undefined if it says nothing. */
export function statedTie(model: ModelHeaders): boolean | undefined {
  const text = configValue(model.config, "text_config");
  const nested = typeof text === "object" && text !== null && !Array.isArray(text) ? text : undefined;
  const stated =
    configValue(model.config, "tie_word_embeddings") ?? configValue(nested, "tie_word_embeddings");
  return typeof stated === "boolean" ? stated : undefined;
}

/**
 * The token embedding that serves as the head of a model which stores none; undefined if the config denies it or no
 * embedding has the head's width.
 */
export function tiedEmbedding(model: ModelHeaders, head: string, shape: Shape): TensorHeader | undefined {
  if (!isLanguageHead(head) || shape.length !== 2 || statedTie(model) === false) return undefined;
  for (const tensor of model.tensors.values()) {
    if (isTokenEmbedding(tensor.name) && tensor.shape.length === 2 && tensor.shape[1] === shape[1])
      return tensor;
  }
  return undefined;
}
