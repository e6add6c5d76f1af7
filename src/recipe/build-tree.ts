import { isAlias, isMap, isScalar, isSeq } from "yaml";
import { MAX_NESTING, MAX_VALUES } from "./limits.ts";
import { resolvePlainScalar, resolveTaggedScalar } from "./scalars.ts";
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { RecipeProblems } from "./problems.ts";
import type { ScalarValue } from "./scalars.ts";
import type { MapEntry, RecipeNode, Span } from "./tree.ts";

interface Built {
  readonly node: RecipeNode;
  /** Values in it, aliases expanded. */
  readonly size: number;
  /** Levels in it, aliases expanded. */
  readonly depth: number;
}

const COLLECTION_TAGS = new Set(["tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"]);

function span({ range }: { range?: Node["range"] }): Span {
  return { offset: range?.[0] ?? 0, end: range?.[1] ?? 0 };
}

class TreeBuilder {
  readonly #problems: RecipeProblems;
  /** The latest node of each anchor; undefined while the node itself is being built. */
  readonly #anchors = new Map<string, Built | undefined>();

  constructor(problems: RecipeProblems) {
    this.#problems = problems;
  }

  build(node: Node | null): Built {
    if (isAlias(node)) return this.#alias(node);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const built = this.#content(node);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #alias(alias: Alias): Built {
    const built = this.#anchors.get(alias.source);
    if (built !== undefined) return built;
    const what = this.#anchors.has(alias.source)
      ? "stands inside the value that it refers to"
      : "refers to no anchor";
    const hint = `Define &${alias.source} on an earlier value.`;
    return this.#problems.fail("RECIPE_SYNTAX", span(alias), `The alias *${alias.source} ${what}.`, hint);
  }

  #content(node: Node | null): Built {
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return this.#list(node);
    if (isScalar(node)) {
      return { node: { kind: "scalar", ...span(node), value: this.#scalar(node) }, size: 1, depth: 1 };
    }
    return { node: { kind: "scalar", offset: 0, end: 0, value: null }, size: 1, depth: 1 };
  }

  #scalar(scalar: Scalar): ScalarValue {
    const source = scalar.source ?? "";
    if (scalar.tag === undefined) return scalar.type === "PLAIN" ? resolvePlainScalar(source) : source;
    const value = resolveTaggedScalar(scalar.tag, source);
    return value === undefined ? this.#badTag(scalar, scalar.tag) : value;
  }

  #badTag(node: Node, tag: string): never {
    const name = tag.replace("tag:yaml.org,2002:", "!!");
    const message = `The tag ${name} is not understood here.`;
    return this.#problems.fail(
      "RECIPE_SYNTAX",
      span(node),
      message,
      "Leave the tag out: no recipe needs one.",
    );
  }

  #collection(node: YAMLMap | YAMLSeq, made: RecipeNode, parts: readonly Built[]): Built {
    if (node.tag !== undefined && !COLLECTION_TAGS.has(node.tag)) this.#badTag(node, node.tag);
    const size = parts.reduce((total, part) => total + part.size, 1);
    const depth = parts.reduce((deepest, part) => Math.max(deepest, part.depth), 0) + 1;
    if (size > MAX_VALUES) {
      const message = `With aliases expanded there are more than ${MAX_VALUES} values here.`;
      this.#problems.fail("RECIPE_LIMIT", span(node), message, "Use fewer aliases to aliases.");
    }
    if (depth > MAX_NESTING) {
      const message = `With aliases expanded, values are nested more than ${MAX_NESTING} deep here.`;
      this.#problems.fail(
        "RECIPE_LIMIT",
        span(node),
        message,
        "The recipe language itself needs ten levels.",
      );
    }
    return { node: made, size, depth };
  }

  #list(list: YAMLSeq): Built {
    const parts = list.items.map((item) => this.build(item as Node | null));
    return this.#collection(
      list,
      { kind: "list", ...span(list), items: parts.map(({ node }) => node) },
      parts,
    );
  }

  #map(map: YAMLMap): Built {
    const own = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    const parts: Built[] = [];
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const name = this.#key(pair.key);
      const value = this.build(pair.value);
      parts.push(value);
      if (name === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        this.#merge(merged, value.node, span(pair.value ?? pair.key));
        continue;
      }
      const key = span(pair.key);
      const earlier = own.get(name);
      if (earlier !== undefined) {
        const { line } = this.#problems.position(earlier.key.offset);
        const message = `"${name}" stands twice in this mapping, first on line ${line}.`;
        this.#problems.error("RECIPE_DUPLICATE_KEY", key, message, "Keep one of the two.");
      }
      own.set(name, { key, value: value.node });
    }
    const entries = new Map([...merged, ...own]);
    return this.#collection(map, { kind: "map", ...span(map), entries }, parts);
  }

  #key(key: Node): string {
    const node = isAlias(key) ? this.#alias(key).node : undefined;
    if (isScalar(key)) return key.source ?? "";
    if (node?.kind === "scalar") return String(node.value);
    return this.#problems.fail(
      "RECIPE_WRONG_TYPE",
      span(key),
      "A key must be text.",
      "Write the key as one word.",
    );
  }

  /** YAML 1.1's merge key: the mapping's own keys win, then earlier mappings of a list. */
  #merge(into: Map<string, MapEntry>, value: RecipeNode, at: Span): void {
    for (const part of value.kind === "list" ? value.items : [value]) {
      if (part.kind !== "map") {
        const hint = "Write <<: *name, or <<: [*first, *second].";
        this.#problems.fail(
          "RECIPE_SYNTAX",
          at,
          "The merge key << takes a mapping or a list of mappings.",
          hint,
        );
      }
      for (const [name, entry] of part.entries) if (!into.has(name)) into.set(name, entry);
    }
  }
}

/** Nodes of the YAML library to a tree of ours; throws RecipeError where that cannot be done. */
export function buildTree(contents: Node | null, problems: RecipeProblems): RecipeNode {
  return new TreeBuilder(problems).build(contents).node;
}
