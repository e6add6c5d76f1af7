import { layerOf } from "../tensor/names.ts";
import type { LayerName } from "../tensor/names.ts";
import type { Stacks } from "../tensor/stacks.ts";

/** The layer that a tensor belongs to, in one of the given stacks. */
export function layerIn(stacks: Stacks, name: string): LayerName | undefined {
  const layer = layerOf(name);
  return layer !== undefined && stacks.has(layer.prefix) ? layer : undefined;
}

/** Where a layer stands in a slice of `count` layers, from 0 to 1: the position at which gradients are evaluated. */
export function gradientPosition(index: number, count: number): number {
  return count === 1 ? 1 : index / (count - 1);
}
