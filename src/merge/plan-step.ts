import { isMergeError } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import { DONOR } from "../plan/models.ts";
import type { PlanOptions } from "../plan/context.ts";
import { planTokenizer } from "../plan/plan-tokenizer.ts";
import { planMerge } from "../plan/plan.ts";
import type { MergePlan } from "../plan/types.ts";
import { referencedModels } from "../recipe/references.ts";
import type { Recipe } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { outputTexts } from "./tokenizer-output.ts";
import type { OutputTexts } from "./tokenizer-output.ts";
import { tokenizerFilesOf } from "./tokenizers.ts";
import type { ModelTexts } from "./tokenizers.ts";

/** One merge of a file: what it reads, and the plan of it. */
export interface Step<R extends Recipe = Recipe> {
  readonly recipe: R;
  /** By `referenceText`; a result of another recipe of the file by its name. */
  readonly models: ReadonlyMap<string, ModelHeaders>;
  readonly plan: MergePlan;
  readonly output: OutputTexts;
}

const piecesOf = (texts: ReadonlyMap<string, ModelTexts>) =>
  new Map(
    [...texts].flatMap(([reference, { pieces }]) => (pieces === undefined ? [] : [[reference, pieces]])),
  );

/** Plans one merge from the headers and texts of its models; what is wrong is reported, and nothing returned. */
export function planStep<R extends Recipe>(
  recipe: R,
  models: ReadonlyMap<string, ModelHeaders>,
  texts: ReadonlyMap<string, ModelTexts>,
  options: PlanOptions,
  report: (error: MergeError) => void,
): Step<R> | undefined {
  const attempt = <T>(step: () => T): { readonly result: T } | undefined => {
    try {
      return { result: step() };
    } catch (error) {
      if (!isMergeError(error)) throw error;
      report(error);
      return undefined;
    }
  };
  const files = tokenizerFilesOf(texts, models.keys());
  const tokenizer = attempt(() => planTokenizer(recipe, models, files));
  if (tokenizer === undefined) return undefined;
  const merged = tokenizer.result;
  const donor = referencedModels(recipe)[DONOR];
  const output = attempt(() => outputTexts(recipe, merged, donor ? referenceText(donor) : "", texts))?.result;
  const plan = attempt(() =>
    planMerge(recipe, models, options, { files, pieces: piecesOf(texts), ...(merged && { merged }) }),
  )?.result;
  if (output === undefined || plan === undefined) return undefined;
  const { template, warnings, ownFiles } = output;
  const complete = {
    ...plan,
    sideFiles: plan.sideFiles.filter(({ name }) => !ownFiles.has(name)),
    ...(template && { chatTemplate: { models: template.models } }),
    warnings: [...plan.warnings, ...warnings],
  };
  return { recipe, models, plan: complete, output };
}
