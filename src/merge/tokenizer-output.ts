import { planChatTemplate } from "../plan/plan-chat-template.ts";
import type { PlannedTemplate } from "../plan/plan-chat-template.ts";
import type { MergedTokenizer } from "../plan/plan-tokenizer.ts";
import type { Recipe } from "../recipe/types.ts";
import { editConfig } from "../sink/config.ts";
import type { OwnFile } from "../sink/types.ts";
import { parseConfig } from "../sources/config.ts";
import type { LargeText } from "../sources/types.ts";
import { tokenIdEdits } from "../tokenizer/config-edits.ts";
import { TOKENIZER_FILES } from "../sources/tokenizer-names.ts";
import { wholeText } from "../tokenizer/json.ts";
import { modelAt } from "../tokenizer/output-vocabulary.ts";
import type { TokenizerFiles } from "../tokenizer/types.ts";
import { GENERATION_CONFIG, tokenizerFilesOf } from "./tokenizers.ts";
import type { ModelTexts } from "./tokenizers.ts";

/** The output's small files as far as tokens and chat template change them. */
export interface OutputTexts extends Pick<PlannedTemplate, "template" | "warnings"> {
  /** Files that are not those of the config's donor. */
  readonly ownFiles: ReadonlyMap<string, OwnFile | "none">;
  /** Makes all of the output's, for merges that take it as a model. */
  readonly texts: () => ModelTexts;
}

/**
 * Finds what tokenizer, chat template and generation_config.json the output has. `donor` is the model that gives the
 * config, `models` all models of the recipe by reference. Throws PLAN_CHAT_TEMPLATE.
 */
export function outputTexts(
  recipe: Recipe,
  merged: MergedTokenizer | undefined,
  donor: string,
  models: ReadonlyMap<string, ModelTexts>,
): OutputTexts {
  const ownFiles = new Map<string, OwnFile | "none">();
  const donorTexts = models.get(donor) ?? { tokenizer: new Map<string, string>() };
  const tokenizer = new Map<string, string | LargeText>(merged === undefined ? donorTexts.tokenizer : []);
  if (merged !== undefined) {
    for (const name of donorTexts.tokenizer.keys()) ownFiles.set(name, "none");
    addTokenizer(merged, tokenizer, ownFiles);
  }
  const files = tokenizerFilesOf(models, models.keys());
  const { template, warnings } = planChatTemplate(recipe, files, smallOnes(tokenizer));
  for (const [name, text] of template?.files ?? []) {
    ownFiles.set(name, { text, role: "tokenizer" });
    tokenizer.set(name, text);
  }
  const generationConfig = editGeneration(donorTexts, merged, models, ownFiles);
  const texts = () => ({
    tokenizer: new Map([...tokenizer].map(([name, text]) => [name, wholeText(text)])),
    ...(generationConfig !== undefined && { generationConfig }),
  });
  return { ownFiles, texts, warnings, ...(template && { template }) };
}

/** The files that may hold a chat template are small. */
function smallOnes(tokenizer: ReadonlyMap<string, string | LargeText>): TokenizerFiles {
  return new Map([...tokenizer].flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])));
}

/** The output's generation_config.json, with the ids that its special tokens have; undefined if the donor has none. */
function editGeneration(
  { generationConfig }: ModelTexts,
  merged: MergedTokenizer | undefined,
  models: ReadonlyMap<string, ModelTexts>,
  ownFiles: Map<string, OwnFile | "none">,
): string | undefined {
  if (merged === undefined || generationConfig === undefined) return generationConfig;
  const edits = generationEdits(generationConfig, merged, models);
  const { text, edited } = editConfig(generationConfig, { configEdits: edits });
  if (edited.length > 0) ownFiles.set(GENERATION_CONFIG, { text, role: "config", edited });
  return text;
}

function addTokenizer(
  { models, written }: MergedTokenizer,
  tokenizer: Map<string, string | LargeText>,
  ownFiles: Map<string, OwnFile | "none">,
): void {
  const { reference, files } = modelAt(models, written.donor);
  for (const name of written.copied) {
    ownFiles.set(name, { from: reference });
    tokenizer.set(name, files.get(name) ?? "");
  }
  for (const [name, text] of written.files) {
    ownFiles.set(name, { text, role: "tokenizer" });
    tokenizer.set(name, text);
  }
}

function generationEdits(
  text: string,
  { models, output }: MergedTokenizer,
  texts: ReadonlyMap<string, ModelTexts>,
): ReturnType<typeof tokenIdEdits> {
  const { reference } = modelAt(models, output.donor);
  const other = texts.get(reference)?.generationConfig;
  const source = other === undefined ? undefined : parseConfig(other, `${GENERATION_CONFIG} of ${reference}`);
  return tokenIdEdits(parseConfig(text, GENERATION_CONFIG), source, output.rows);
}

/** Own files without those that only carry the donor's tokenizer over: for an output that is to have none. */
export function withoutCopies(files: ReadonlyMap<string, OwnFile | "none">): Map<string, OwnFile | "none"> {
  return new Map(
    [...files].filter(([name]) => !TOKENIZER_FILES.includes(name) || name === "chat_template.jinja"),
  );
}
