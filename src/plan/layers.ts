import { layerOf } from "../tensor/names.ts";
import type { LayerName } from "../tensor/names.ts";

/** The repeated layers of a network part: "model.layers" with the numbers that occur, ascending. */
export interface Stack {
  readonly prefix: string;
  readonly layers: readonly number[];
}

export type Stacks = ReadonlyMap<string, Stack>;

/**
 * The stacks in a list of tensor names. Numbers of bare weights ("merger.mlp.0.weight") count steps of a sequence
 * rather than layers, unless the network has nothing else.
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

/** The layer that a tensor belongs to, in one of the given stacks. */
export function layerIn(stacks: Stacks, name: string): LayerName | undefined {
  const layer = layerOf(name);
  return layer !== undefined && stacks.has(layer.prefix) ? layer : undefined;
}

/** How many layers a stack spans, gaps included. */
export function depthOf(stack: Stack): number {
  return (stack.layers.at(-1) ?? -1) + 1;
}

/** Where a layer stands in a slice of `count` layers, from 0 to 1: the position at which gradients are evaluated. */
export function gradientPosition(index: number, count: number): number {
  return count === 1 ? 1 : index / (count - 1);
}

/** The stack with the most layers; the first of equals. */
export function deepestStack(stacks: Stacks): Stack | undefined {
  let deepest: Stack | undefined;
  for (const stack of stacks.values()) {
    if (deepest === undefined || stack.layers.length > deepest.layers.length) deepest = stack;
  }
  return deepest;
}
