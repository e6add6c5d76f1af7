import type { Problem } from "../errors.ts";
import { frameAt } from "../recipe/frame.ts";
import { referencedModels } from "../recipe/references.ts";
import type { Recipe } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import { chatTemplate } from "../tokenizer/chat-template.ts";
import type { ChatTemplate } from "../tokenizer/chat-template.ts";
import type { TokenizerFiles } from "../tokenizer/types.ts";
import { placed } from "./placed.ts";

/** What becomes of the chat template; `template` is absent if "auto" found none. */
export interface PlannedTemplate {
  readonly template?: ChatTemplate;
  readonly warnings: readonly Problem[];
}

/**
 * The chat template that a recipe asks for, with the files that carry it. `files` are the models' tokenizer files,
 * `outputFiles` the output's. Throws PLAN_CHAT_TEMPLATE.
 */
export function planChatTemplate(
  recipe: Recipe,
  files: ReadonlyMap<string, TokenizerFiles>,
  outputFiles: TokenizerFiles,
): PlannedTemplate {
  if (recipe.chatTemplate === undefined) return { warnings: [] };
  const { template: setting, position } = recipe.chatTemplate;
  const models = referencedModels(recipe).map((reference) => {
    const text = referenceText(reference);
    return { reference: text, files: files.get(text) ?? new Map<string, string>() };
  });
  const template = placed(recipe, position, "PLAN_CHAT_TEMPLATE", () =>
    chatTemplate(setting, models, outputFiles),
  );
  if (template !== undefined) return { template, warnings: [] };
  const warning: Problem = {
    code: "PLAN_CHAT_TEMPLATE",
    severity: "warning",
    message: "No model has a chat template, so that the output has none either.",
    position,
    frame: frameAt(recipe.text, position.line, position.column),
    hint: 'Name a built-in one, such as "chatml", or write the template itself.',
  };
  return { warnings: [warning] };
}
