import type { RecipeProblems } from "./problems.ts";
import type { MapNode } from "./tree.ts";

/** Top-level keys of mergekit's language, and of Stockpot's to come, that this version knows but does not run. */
const UNSUPPORTED_KEYS: Readonly<Record<string, string>> = {
  evaluate: "models are not evaluated",
};

export function isUnsupportedKey(name: string): boolean {
  return Object.hasOwn(UNSUPPORTED_KEYS, name);
}

export function reportUnsupportedKeys(tree: MapNode, problems: RecipeProblems): void {
  for (const [name, { key }] of tree.entries) {
    if (!isUnsupportedKey(name)) continue;
    const message = `"${name}" is not run by this version of Stockpot: ${UNSUPPORTED_KEYS[name] ?? ""}.`;
    problems.error("RECIPE_UNSUPPORTED", key, message, `Remove "${name}".`);
  }
}
