export interface LayerGroup<T> {
  /** The tensor's name, or "layers.*.mlp.weight" for what several layers have. */
  readonly name: string;
  readonly tensors: readonly [T, ...T[]];
}

/** Draws together tensors whose names differ in the layer's number only and that look the same otherwise. */
export function collapseLayers<T extends { readonly name: string }>(
  tensors: readonly T[],
  look: (tensor: T) => readonly unknown[],
): LayerGroup<T>[] {
  const groups = new Map<string, { pattern: string; tensors: [T, ...T[]] }>();
  for (const tensor of tensors) {
    const pattern = tensor.name.replace(/(?<=\.)\d+(?=\.|$)/, "*");
    const key = JSON.stringify([pattern, ...look(tensor)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { pattern, tensors: [tensor] });
    else group.tensors.push(tensor);
  }
  return [...groups.values()].map(({ pattern, tensors: alike }) => ({
    name: alike.length === 1 ? alike[0].name : pattern,
    tensors: alike,
  }));
}
