import type { ScalarValue } from "./scalars.ts";

/** Half-open range of a text, in UTF-16 units. */
export interface Span {
  readonly offset: number;
  readonly end: number;
}

export interface ScalarNode extends Span {
  readonly kind: "scalar";
  readonly value: ScalarValue;
}

interface ListNode extends Span {
  readonly kind: "list";
  readonly items: readonly RecipeNode[];
}

export interface MapEntry {
  readonly key: Span;
  readonly value: RecipeNode;
}

export interface MapNode extends Span {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/**
 * A YAML document with the place of everything in it. Aliases are resolved to the node itself, so that it is a graph
 * without cycles rather than a tree; its size and depth are bounded (limits.ts), counted with aliases expanded.
 */
export type RecipeNode = ScalarNode | ListNode | MapNode;

export function isMap(node: RecipeNode | undefined): node is MapNode {
  return node?.kind === "map";
}

function isList(node: RecipeNode | undefined): node is ListNode {
  return node?.kind === "list";
}

/** The value under a key; undefined if the node is no mapping or has no such key. */
export function child(node: RecipeNode | undefined, key: string): RecipeNode | undefined {
  return isMap(node) ? node.entries.get(key)?.value : undefined;
}

/** The items of a list under a key; none if it is not a list. */
export function children(node: RecipeNode | undefined, key: string): readonly RecipeNode[] {
  const list = child(node, key);
  return isList(list) ? list.items : [];
}

export function text(node: RecipeNode | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/** Plain values for the schema. Mappings have no prototype, so that no key has a meaning of its own. */
export function toPlain(node: RecipeNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toPlain);
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of node.entries) plain[key] = toPlain(entry.value);
  return plain;
}

export interface Located {
  readonly node: RecipeNode;
  /** Key under which the node stands; absent for list items and the whole document. */
  readonly key?: Span | undefined;
}

/** The node at a path of keys and list positions; the nearest ancestor if it does not exist. */
export function locate(root: RecipeNode, path: readonly string[]): Located {
  let found: Located = { node: root };
  for (const part of path) {
    const { node }: Located = found;
    if (node.kind === "map") {
      const entry = node.entries.get(part);
      if (entry === undefined) return found;
      found = { node: entry.value, key: entry.key };
    } else {
      const item = node.kind === "list" ? node.items[Number(part)] : undefined;
      if (item === undefined) return found;
      found = { node: item };
    }
  }
  return found;
}
