import { statedTie } from "../sources/config.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { isLanguageHead, isTokenEmbedding } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";

/**
 * The token embedding that serves as the head of a model which stores none; undefined if the config denies it or no
 * embedding has the head's width.
 */
export function tiedEmbedding(model: ModelHeaders, head: string, shape: Shape): TensorHeader | undefined {
  if (!isLanguageHead(head) || shape.length !== 2 || statedTie(model.config) === false) return undefined;
  for (const tensor of model.tensors.values()) {
    if (isTokenEmbedding(tensor.name) && tensor.shape.length === 2 && tensor.shape[1] === shape[1])
      return tensor;
  }
  return undefined;
}
