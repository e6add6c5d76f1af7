import { layerOf } from "./names.ts";

/** The repeated layers of a part of a network: "model.layers" with the numbers that occur, ascending. */
export interface Stack {
  readonly prefix: string;
  readonly layers: readonly number[];
}

export type Stacks = ReadonlyMap<string, Stack>;

/**
 * The stacks that a list of tensor names has. Numbers before a bare weight ("merger.mlp.0.weight") count the steps of
 * a sequence; they are layers only where a network has no others.
 */
export function stacksOf(names: Iterable<string>): Stacks {
  const found = new Map<string, { numbers: Set<number>; modular: boolean }>();
  for (const name of names) {
    const layer = layerOf(name);
    if (layer === undefined) continue;
    let stack = found.get(layer.prefix);
    if (stack === undefined) found.set(layer.prefix, (stack = { numbers: new Set(), modular: false }));
    stack.numbers.add(layer.layer);
    stack.modular ||= layer.rest.includes(".");
  }
  const someModular = [...found.values()].some(({ modular }) => modular);
  const kept = [...found].filter(([, { modular }]) => modular || !someModular);
  return new Map(
    kept.map(([prefix, { numbers }]) => [prefix, { prefix, layers: [...numbers].sort((a, b) => a - b) }]),
  );
}

/** How many layers a stack spans, gaps included. */
export function depthOf(stack: Stack): number {
  return (stack.layers.at(-1) ?? -1) + 1;
}

/** The stack with the most layers; the first of equals. */
export function deepestStack(stacks: Stacks): Stack | undefined {
  let deepest: Stack | undefined;
  for (const stack of stacks.values()) {
    if (deepest === undefined || stack.layers.length > deepest.layers.length) deepest = stack;
  }
  return deepest;
}
