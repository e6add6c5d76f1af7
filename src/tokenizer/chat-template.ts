import { PlanError } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { BUILT_IN_CHAT_TEMPLATES } from "./built-in-chat-templates.ts";
import { namedFile } from "./files.ts";
import { isObject, member, parseJsonObject, printJson } from "./json.ts";
import type { JsonObject, JsonValue } from "../sources/types.ts";
import type { TokenizerFiles } from "./types.ts";

const TEMPLATE_FILE = "chat_template.jinja";
/** Older places of a template, both under this key. */
const TEMPLATE_KEY = "chat_template";
const CONFIG_FILES = ["tokenizer_config.json", "chat_template.json"];

/** Shorter texts are misspelt names rather than templates. */
const MIN_TEMPLATE_LENGTH = 20;

export interface ChatTemplateModel {
  /** As the recipe names it. */
  readonly reference: string;
  readonly files: TokenizerFiles;
}

/** A chat template and the files that carry it. */
export interface ChatTemplate {
  readonly text: string;
  /** The models that "auto" took it from; empty for a built-in or a literal template. */
  readonly models: readonly string[];
  /** Texts by name: chat_template.jinja, and the files of the output that had another template. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The template that a recipe's `chat_template` means: "auto", the one that most models have (of several, the first in
 * recipe order); a built-in name; or Jinja itself. It is never taken for a path. `outputFiles` are the output's
 * tokenizer files so far. Undefined if "auto" finds none. Throws PLAN_CHAT_TEMPLATE.
 */
export function chatTemplate(
  setting: string,
  models: readonly ChatTemplateModel[],
  outputFiles: TokenizerFiles,
): ChatTemplate | undefined {
  if (setting === "auto") {
    const found = mostFrequent(models);
    return found && { ...found, files: filesWith(found.text, outputFiles) };
  }
  const text = BUILT_IN_CHAT_TEMPLATES.get(setting) ?? setting;
  if (text === setting && (setting.length < MIN_TEMPLATE_LENGTH || !setting.includes("{"))) {
    const names = ["auto", ...BUILT_IN_CHAT_TEMPLATES.keys()];
    const message = `The chat template ${JSON.stringify(setting)} is neither a built-in name nor Jinja.${didYouMean(setting, names)}`;
    const hint = `Use one of ${names.join(", ")}, or the template's text.`;
    throw new PlanError("PLAN_CHAT_TEMPLATE", message, { hint });
  }
  return { text, models: [], files: filesWith(text, outputFiles) };
}

/** A model's own template, from the places where transformers looks for it, in that order. */
export function ownChatTemplate({ reference, files }: ChatTemplateModel): string | undefined {
  const file = namedFile(files, TEMPLATE_FILE, reference)?.text;
  if (file !== undefined) return file;
  for (const name of CONFIG_FILES) {
    const config = namedFile(files, name, reference);
    const found = config && defaultOf(member(parseJsonObject(config), TEMPLATE_KEY));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Several templates stand as a list of names and texts, or by name. */
function defaultOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  const list = Array.isArray(value) ? value : [];
  const named = list.filter(isObject).find((each: JsonObject) => member(each, "name") === "default");
  const text = isObject(value) ? member(value, "default") : member(named, "template");
  return typeof text === "string" ? text : undefined;
}

function mostFrequent(models: readonly ChatTemplateModel[]): Omit<ChatTemplate, "files"> | undefined {
  const owners = new Map<string, string[]>();
  for (const model of models) {
    const text = ownChatTemplate(model)?.trim();
    if (text !== undefined && text !== "") owners.set(text, [...(owners.get(text) ?? []), model.reference]);
  }
  let best: Omit<ChatTemplate, "files"> | undefined;
  for (const [text, references] of owners) {
    if (references.length > (best?.models.length ?? 0)) best = { text, models: references };
  }
  return best;
}

/** The template in its own file, and in the place of any that a file for older readers has. */
function filesWith(text: string, outputFiles: TokenizerFiles): Map<string, string> {
  const files = new Map([[TEMPLATE_FILE, text]]);
  for (const name of CONFIG_FILES) {
    const config = namedFile(outputFiles, name, "the output");
    const root = config && parseJsonObject(config);
    if (root !== undefined && member(root, TEMPLATE_KEY) !== undefined) {
      files.set(name, printJson({ ...root, [TEMPLATE_KEY]: text }));
    }
  }
  return files;
}
