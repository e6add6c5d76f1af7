export interface LayerGroup<T> {
  /** The tensor's name, or "layers.*.mlp.weight" for what several layers have. */
  readonly name: string;
  /** "layers 0-3, 5"; empty for a single tensor. */
  readonly layers: string;
  readonly tensors: readonly [T, ...T[]];
}

const LAYER_NUMBER = /(?<=\.)\d+(?=\.|$)/;

/** Draws together tensors whose names differ in the layer's number only and that look the same otherwise. */
export function collapseLayers<T extends { readonly name: string }>(
  tensors: readonly T[],
  look: (tensor: T) => readonly unknown[],
): LayerGroup<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const tensor of tensors) {
    const key = JSON.stringify([tensor.name.replace(LAYER_NUMBER, "*"), ...look(tensor)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [tensor]);
    else group.push(tensor);
  }
  return [...groups.values()].map((alike) => {
    const [{ name }] = alike;
    if (alike.length === 1) return { name, layers: "", tensors: alike };
    const numbers = alike.map((tensor) => Number(LAYER_NUMBER.exec(tensor.name)?.[0]));
    return { name: name.replace(LAYER_NUMBER, "*"), layers: `layers ${ranges(numbers)}`, tensors: alike };
  });
}

/** "0-3, 5, 7-8" */
function ranges(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}
