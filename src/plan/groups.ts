import type { DraftTensor } from "./drafts.ts";
import { layerOf } from "../tensor/names.ts";

/**
 * Names the group of each tensor whose unit is larger than itself. Tensors of a layer (or of the model) that have
 * other parameters or other models cannot share a solution and form a group of their own.
 */
export function groupTensors<T extends DraftTensor>(
  tensors: readonly T[],
): (T & { readonly group?: string })[] {
  const groups = new Map<string, string>();
  const taken = new Map<string, number>();
  return tensors.map((tensor) => {
    const { granularity } = tensor;
    if (tensor.action === "copy" || (granularity !== "layer" && granularity !== "model")) return tensor;
    const unit = granularity === "model" ? "model" : unitName(tensor);
    const models = [tensor.base, ...tensor.inputs].map((input) => [input?.model, input?.parameters]);
    const key = JSON.stringify([unit, tensor.method, tensor.parameters, models]);
    let group = groups.get(key);
    if (group === undefined) {
      const number = (taken.get(unit) ?? 0) + 1;
      taken.set(unit, number);
      group = number === 1 ? unit : `${unit} (${number})`;
      groups.set(key, group);
    }
    return { ...tensor, group };
  });
}

/** "model.layers.3" for a tensor of a layer, its own name for any other. */
function unitName({ name, layer }: DraftTensor): string {
  const found = layer === undefined ? undefined : layerOf(name);
  return found === undefined ? name : `${found.prefix}.${found.layer}`;
}
