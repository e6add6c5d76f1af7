import type { Problem } from "../errors.ts";
import { referencedModels } from "../recipe/references.ts";
import type {
  Recipe,
  TokenizerSetting as RecipeSetting,
  TokenSource as RecipeSource,
} from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { alignRows } from "../tokenizer/align.ts";
import { outputVocabulary } from "../tokenizer/output-vocabulary.ts";
import type { OutputVocabulary } from "../tokenizer/output-vocabulary.ts";
import type { Alignment } from "../tokenizer/row-map.ts";
import { summarizeAlignment } from "../tokenizer/summary.ts";
import type { AlignmentSummary } from "../tokenizer/summary.ts";
import type { TokenizedModel, TokenizerFiles, TokenizerSetting, TokenSource } from "../tokenizer/types.ts";
import { readVocabulary } from "../tokenizer/vocabulary.ts";
import { writeTokenizer } from "../tokenizer/write.ts";
import type { WrittenTokenizer } from "../tokenizer/write.ts";
import { placed } from "./placed.ts";
import { vocabularyRows } from "./token-rows.ts";

/** The output's tokenizer, as a recipe's `tokenizer` asks for it. */
export interface MergedTokenizer {
  /** By position in the plan's models. */
  readonly models: readonly TokenizedModel[];
  /** Its position among them. */
  readonly base: number | undefined;
  readonly setting: TokenizerSetting;
  readonly output: OutputVocabulary;
  /** Of tensors that all models have. */
  readonly alignment: Alignment;
  readonly summary: AlignmentSummary;
  readonly written: WrittenTokenizer;
  readonly warnings: readonly Problem[];
}

/**
 * Finds the output's vocabulary and writes its tokenizer's files; undefined if the recipe says nothing of tokenizers.
 * `files` are the tokenizer files of models that have any. Throws PLAN_TOKENIZER, FORMAT_TOKENIZER and
 * SOURCE_NO_TOKENIZER.
 */
export function planTokenizer(
  recipe: Recipe,
  headers: ReadonlyMap<string, ModelHeaders>,
  files: ReadonlyMap<string, TokenizerFiles>,
): MergedTokenizer | undefined {
  if (recipe.tokenizer === undefined) return undefined;
  const setting = settingOf(recipe.tokenizer);
  return placed(recipe, recipe.tokenizer.position, "PLAN_TOKENIZER", () => {
    const { models, warnings } = readModels(recipe, setting, headers, files);
    const base = recipe.baseModel === undefined ? undefined : 0;
    const output = outputVocabulary(models, base, setting);
    const alignment = alignRows(output, models, base, setting.tokens);
    const written = writeTokenizer(output, models);
    const summary = summarizeAlignment(output, models, alignment);
    const all = [...warnings, ...written.warnings];
    return { models, base, setting, output, alignment, summary, written, warnings: all };
  });
}

function settingOf({ source, tokens, padToMultipleOf }: RecipeSetting): TokenizerSetting {
  return {
    source: typeof source === "object" ? { model: referenceText(source.model) } : source,
    tokens: new Map(
      [...tokens].map(([token, each]) => {
        return [token, { force: each.force, ...(each.source && { source: sourceOf(each.source) }) }];
      }),
    ),
    ...(padToMultipleOf !== undefined && { padToMultipleOf }),
  };
}

function sourceOf(source: RecipeSource): TokenSource {
  return source.kind === "zero" ? source : { ...source, model: referenceText(source.model) };
}

/** A model without a tokenizer of its own is taken to have that from which the output's starts. */
function readModels(
  recipe: Recipe,
  { source }: TokenizerSetting,
  headers: ReadonlyMap<string, ModelHeaders>,
  files: ReadonlyMap<string, TokenizerFiles>,
): { models: TokenizedModel[]; warnings: Problem[] } {
  const references = referencedModels(recipe).map(referenceText);
  const named = typeof source === "object" ? source.model : undefined;
  const donor = references.find((each) => each === named) ?? references[0] ?? "";
  const donorFiles = files.get(donor) ?? new Map<string, string>();
  const shared = readVocabulary(donorFiles, donor);
  const warnings: Problem[] = [];
  const models = references.map((reference): TokenizedModel => {
    const own = files.get(reference);
    const [vocabulary, from] =
      own === undefined || own === donorFiles ? [shared, donorFiles] : [readVocabulary(own, reference), own];
    if (own === undefined) warnings.push(withoutTokenizer(reference, donor));
    const model = headers.get(reference);
    const rows = model === undefined ? undefined : vocabularyRows(model);
    return { reference, vocabulary, files: from, rows: rows ?? vocabulary.length };
  });
  return { models, warnings };
}

function withoutTokenizer(reference: string, donor: string): Problem {
  return {
    code: "PLAN_TOKENIZER",
    severity: "warning",
    message: `${reference} has no tokenizer; its tokens are taken to be those of ${donor}.`,
    hint: "Put its tokenizer's files beside its weights if they are others.",
  };
}
