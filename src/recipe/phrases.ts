import type { DefinedError } from "ajv";
import type { ErrorCode } from "../errors.ts";
import type { RecipeNode } from "./tree.ts";

/** Longest part of a value that a message repeats. */
const MAX_SHOWN_LENGTH = 60;

/** A path in words: `models[1].parameters`. */
export function label(path: readonly string[]): string {
  if (path.length === 0) return "the recipe";
  return path.reduce(
    (made, part) => (/^\d+$/.test(part) ? `${made}[${part}]` : made ? `${made}.${part}` : part),
    "",
  );
}

/** Text in quotes, cut if it is long. */
export function quoted(text: string): string {
  return `"${text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text}"`;
}

/** A value as a message shows it. */
export function shown(node: RecipeNode): string {
  if (node.kind !== "scalar") return node.kind === "list" ? "a list" : "a mapping";
  if (node.value === null) return "empty";
  if (typeof node.value !== "string") return String(node.value);
  return quoted(node.value);
}

const TYPE_WORDS: Readonly<Record<string, { readonly noun: string; readonly cure: string }>> = {
  object: { noun: "a mapping", cure: "Write it as key: value pairs." },
  array: { noun: "a list", cure: "Start each entry with a dash, or write [first, second]." },
  string: { noun: "text", cure: "Put it in quotes if it is meant as text." },
  integer: { noun: "a whole number", cure: "Write it without a fraction." },
  boolean: { noun: "true or false", cure: "Write true or false." },
  number: { noun: "a number", cure: "Write a decimal number." },
};

interface Phrase {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

function wrongType(types: readonly string[], where: string, node: RecipeNode): Phrase {
  const words = types.flatMap((type) => TYPE_WORDS[type] ?? []);
  const nouns = words.map(({ noun }) => noun).join(" or ");
  const message = `"${where}" must be ${nouns}, not ${shown(node)}.`;
  return { code: "RECIPE_WRONG_TYPE", message, hint: words[0]?.cure ?? "" };
}

/** What the schema wants of a value, for keywords that need no knowledge of the recipe. */
export function expected(error: DefinedError, where: string, node: RecipeNode): Phrase {
  const { keyword, params } = error;
  // The declared type of `params.type` has no lists, which the schema uses.
  if (keyword === "type") return wrongType([params.type].flat(), where, node);
  if (keyword === "enum") {
    const all = params.allowedValues.map(String).filter((value) => !value.startsWith("torch."));
    const message = `"${where}" must be one of ${all.join(", ")}, not ${shown(node)}.`;
    return { code: "RECIPE_OUT_OF_RANGE", message, hint: `Write one of ${all.join(", ")}.` };
  }
  if (keyword === "minimum") {
    const message = `"${where}" must be at least ${params.limit}, not ${shown(node)}.`;
    const hint = where.includes("layer") ? "Layers are counted from 0." : `Write ${params.limit} or more.`;
    return { code: "RECIPE_OUT_OF_RANGE", message, hint };
  }
  if ("limit" in params) return wrongLength(keyword, params.limit, where);
  return { code: "RECIPE_WRONG_TYPE", message: `"${where}" ${error.message ?? "is wrong"}.`, hint: "" };
}

function wrongLength(keyword: string, limit: number, where: string): Phrase {
  if (limit === 2) {
    const message = `"${where}" must have two entries: the first layer, and the one after the last.`;
    return { code: "RECIPE_OUT_OF_RANGE", message, hint: "[0, 4] means layers 0 to 3." };
  }
  if (keyword.startsWith("min")) {
    return {
      code: "RECIPE_OUT_OF_RANGE",
      message: `"${where}" is empty.`,
      hint: "Fill it in, or remove it.",
    };
  }
  const unit = keyword === "maxItems" ? "entries" : "characters";
  const message = `"${where}" has more than ${limit} ${unit}.`;
  return { code: "RECIPE_LIMIT", message, hint: "No real recipe needs as much; is it damaged?" };
}
