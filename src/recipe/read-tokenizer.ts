import { readModelReference } from "./reference.ts";
import { spanOf } from "./problems.ts";
import { child, isMap, locate, text } from "./tree.ts";
import type { RecipeProblems } from "./problems.ts";
import type { RecipeNode, ScalarNode } from "./tree.ts";
import type { Recipe, TokenizerSetting, TokenSetting, TokenSource } from "./types.ts";

type Read = Pick<Recipe, "tokenizer" | "chatTemplate">;

/** The keys `tokenizer`, `tokenizer_source` and `chat_template` of a recipe. */
export function readTokenizer(tree: RecipeNode, problems: RecipeProblems): Read {
  const legacy = child(tree, "tokenizer_source");
  const node = child(tree, "tokenizer");
  if (legacy !== undefined && node !== undefined) {
    const at = spanOf(locate(tree, ["tokenizer_source"]));
    const message = '"tokenizer" and "tokenizer_source" exclude each other.';
    problems.error("RECIPE_CONFLICT", at, message, "Write the source into tokenizer: {source: ...}.");
  }
  const template = child(tree, "chat_template");
  const templateText = text(template);
  const tokenizer = node === undefined ? legacy && readLegacy(legacy, problems) : readSetting(node, problems);
  return {
    ...(tokenizer && { tokenizer }),
    ...(template !== undefined &&
      templateText !== undefined && {
        chatTemplate: { template: templateText, position: problems.position(template.offset) },
      }),
  };
}

function readLegacy(node: RecipeNode, problems: RecipeProblems): TokenizerSetting {
  const position = problems.position(node.offset);
  return { source: readSource(node, problems), tokens: new Map(), position };
}

function readSetting(node: RecipeNode, problems: RecipeProblems): TokenizerSetting {
  const source = child(node, "source");
  const tokens = child(node, "tokens");
  const padding = scalar(child(node, "pad_to_multiple_of"))?.value;
  return {
    source: source === undefined ? "union" : readSource(source, problems),
    tokens: new Map(
      [...(isMap(tokens) ? tokens.entries : [])].map(([token, { value }]) => [
        token,
        readToken(value, problems),
      ]),
    ),
    ...(typeof padding === "number" && { padToMultipleOf: padding }),
    position: problems.position(node.offset),
  };
}

function readSource(node: RecipeNode, problems: RecipeProblems): TokenizerSetting["source"] {
  const word = text(node);
  if (word === "union" || word === "base") return word;
  const model = readModelReference(node, problems);
  return model === undefined ? "union" : { model };
}

function readToken(node: RecipeNode, problems: RecipeProblems): TokenSetting {
  const source = child(node, "source");
  const force = scalar(child(node, "force"))?.value === true;
  const read = source && readTokenSource(source, problems);
  return { ...(read && { source: read }), force };
}

function readTokenSource(node: RecipeNode, problems: RecipeProblems): TokenSource | undefined {
  const kind = text(child(node, "kind"));
  if (kind === "zero") return { kind };
  if (kind === undefined) {
    const model = readModelReference(node, problems);
    return model && { kind: "model", model };
  }
  if (kind !== "model_token") return undefined;
  const from = child(node, "model");
  const given = [scalar(child(node, "token")), scalar(child(node, "token_id"))].flatMap((each) => each ?? []);
  const [token] = given.map(({ value }) => value);
  if (from === undefined || given.length !== 1) {
    const message = 'A source of kind model_token needs "model" and either "token" or "token_id".';
    problems.error(
      "RECIPE_MISSING_KEY",
      node,
      message,
      "For example {kind: model_token, model: a, token_id: 2}.",
    );
    return undefined;
  }
  const model = readModelReference(from, problems);
  return model && (typeof token === "string" || typeof token === "number")
    ? { kind: "model_token", model, token }
    : undefined;
}

function scalar(node: RecipeNode | undefined): ScalarNode | undefined {
  return node?.kind === "scalar" ? node : undefined;
}
