import { specOf } from "./coerce.ts";
import { child, text } from "./tree.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { RecipeProblems } from "./problems.ts";
import type { RecipeNode } from "./tree.ts";
import type { ConditionalSetting, ParameterValue, PlainSetting, Setting, Settings } from "./types.ts";

function readScalar(node: RecipeNode | undefined): ParameterValue[] {
  return node?.kind === "scalar" && node.value !== null ? [node.value] : [];
}

function readPlain(node: RecipeNode | undefined): PlainSetting {
  if (node?.kind === "list") return node.items.flatMap(readScalar);
  return readScalar(node)[0] ?? [];
}

function readCondition(node: RecipeNode): ConditionalSetting {
  const filter = text(child(node, "filter"));
  return { ...(filter !== undefined && { filter }), value: readPlain(child(node, "value")) };
}

function readValue(node: RecipeNode): Setting["value"] {
  if (node.kind === "map") return { conditions: [readCondition(node)] };
  const isConditional = node.kind === "list" && node.items.some((item) => item.kind === "map");
  return isConditional ? { conditions: node.items.map(readCondition) } : readPlain(node);
}

/**
 * The settings of a `parameters` mapping, those that the method does not have left out. `scope` "model" is the place of
 * one model, where parameters of the whole tensor have no effect.
 */
export function readSettings(
  node: RecipeNode | undefined,
  method: AnyMethod | undefined,
  scope: "all" | "model",
  problems: RecipeProblems,
): Settings {
  const settings = new Map<string, Setting>();
  if (node?.kind !== "map") return settings;
  for (const [name, { key, value }] of node.entries) {
    const spec = specOf(method, name);
    if (spec === undefined || (scope === "model" && spec.scope !== "model")) continue;
    if (spec.noEffect !== undefined) {
      const message = `"${name}" changes nothing. ${spec.noEffect}`;
      problems.warn("RECIPE_MISPLACED_PARAMETER", key, message, `Remove "${name}".`);
    }
    settings.set(name, { value: readValue(value), position: problems.position(key.offset) });
  }
  return settings;
}
