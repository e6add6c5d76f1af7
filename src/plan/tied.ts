import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { layerOf } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";
import { configValue } from "./models.ts";

const LANGUAGE_HEAD =
  /(?:^|\.)(?:lm_head|lm_head\.decoder|embed_out|output|output_layer|predictions\.decoder|proj_out)\.weight$/;
const TOKEN_EMBEDDING =
  /(?:^|\.)(?:embed_tokens|wte|tok_embeddings|word_embeddings?|embed_in|shared|token_embedding|embeddings?)\.weight$/;

/** True for the matrix that turns the last hidden state into a score per token of the vocabulary. */
export function isLanguageHead(name: string): boolean {
  return LANGUAGE_HEAD.test(name) && layerOf(name) === undefined;
}

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
    if (!TOKEN_EMBEDDING.test(tensor.name) || layerOf(tensor.name) !== undefined) continue;
    if (tensor.shape.length === 2 && tensor.shape[1] === shape[1]) return tensor;
  }
  return undefined;
}
