import { child, children, isMap, text } from "./tree.ts";
import type { RecipeProblems } from "./problems.ts";
import type { RecipeNode } from "./tree.ts";
import type { EvaluateSetting, Recipe } from "./types.ts";

const DEFAULT_TIMEOUT_SECONDS = 86_400;
/** Keys that go with one of the two ways alone. */
const ONLY_WITH: Readonly<Record<string, "data" | "command">> = {
  splits: "data",
  batch: "data",
  head: "data",
  metrics: "command",
  timeout_seconds: "command",
  environment: "command",
  folder: "command",
  log: "command",
};

/** The key `evaluate` of a recipe: exactly one of data and command, and what belongs to it. */
export function readEvaluate(tree: RecipeNode, problems: RecipeProblems): Pick<Recipe, "evaluate"> {
  const node = child(tree, "evaluate");
  if (!isMap(node)) return {};
  const data = text(child(node, "data"));
  const isCommand = child(node, "command") !== undefined;
  if ((child(node, "data") !== undefined) === isCommand) {
    const message = isCommand
      ? '"data" and "command" of evaluate exclude each other.'
      : 'evaluate needs "data" or "command".';
    problems.error(
      isCommand ? "RECIPE_CONFLICT" : "RECIPE_MISSING_KEY",
      node,
      message,
      "For example evaluate: {data: demo/glyphs/data}.",
    );
    return {};
  }
  const way = isCommand ? "command" : "data";
  for (const [key, { key: span }] of node.entries) {
    const needs = ONLY_WITH[key];
    if (needs === undefined || needs === way) continue;
    const message = `"${key}" of evaluate has no effect without "${needs}".`;
    problems.error("RECIPE_MISPLACED_PARAMETER", span, message, `Remove "${key}".`);
  }
  return { evaluate: isCommand ? readCommand(node, problems) : readData(node, data ?? "", problems) };
}

function readData(node: RecipeNode, data: string, problems: RecipeProblems): EvaluateSetting {
  const batch = scalar(child(node, "batch"));
  const head = text(child(node, "head"));
  return {
    kind: "data",
    data,
    splits: texts(node, "splits"),
    ...(typeof batch === "number" && { batch }),
    ...(head !== undefined && { head }),
    position: problems.position(node.offset),
  };
}

function readCommand(node: RecipeNode, problems: RecipeProblems): EvaluateSetting {
  const timeout = scalar(child(node, "timeout_seconds"));
  const environment = child(node, "environment");
  const folder = text(child(node, "folder"));
  const log = text(child(node, "log"));
  const variables = [...(isMap(environment) ? environment.entries : [])];
  return {
    kind: "command",
    command: texts(node, "command"),
    metrics: texts(node, "metrics"),
    timeoutSeconds: typeof timeout === "number" ? timeout : DEFAULT_TIMEOUT_SECONDS,
    environment: Object.fromEntries(variables.map(([name, { value }]) => [name, String(scalar(value))])),
    ...(folder !== undefined && { folder }),
    ...(log !== undefined && { log }),
    position: problems.position(node.offset),
  };
}

const texts = (node: RecipeNode, key: string) => children(node, key).flatMap((item) => text(item) ?? []);

function scalar(node: RecipeNode | undefined): unknown {
  return node?.kind === "scalar" ? node.value : undefined;
}
