import { statedTie } from "../sources/config.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { isLanguageHead, isTokenEmbedding } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";

/**
 * The token embedding that serves as the head of a model which stores none; undefined if the config denies it or no
 * embedding has the head's width. An empty shape is one that is not known.
 */
export function tiedEmbedding(model: ModelHeaders, head: string, shape: Shape): TensorHeader | undefined {
  if (!isLanguageHead(head) || shape.length === 1 || statedTie(model.config) === false) return undefined;
  for (const tensor of model.tensors.values()) {
    const fits = shape.length === 0 || tensor.shape[1] === shape[1];
    if (isTokenEmbedding(tensor.name) && tensor.shape.length === 2 && fits) return tensor;
  }
  return undefined;
}
