import { prepareEvaluation } from "../evaluate/run.ts";
import type { PreparedEvaluation } from "../evaluate/run.ts";
import type { Evaluation, ScoredVariant } from "./evaluate-variants.ts";
import type { VariantModels } from "./models.ts";
import { listed } from "./names.ts";
import type { CompareOptions } from "./options.ts";
import type { PreparedComparison } from "./prepare.ts";

/** The program that the recipe names under `evaluate`; refuses one that may not run. Undefined if there is none. */
export async function openProgram(
  { comparison, searchFrom }: PreparedComparison,
  { allowCode, environment, signal }: CompareOptions,
): Promise<PreparedEvaluation | undefined> {
  const { evaluate } = comparison.recipe;
  if (evaluate?.kind !== "command") return undefined;
  return await prepareEvaluation(evaluate, { searchFrom, allowCode, environment, signal });
}

/** Hands every variant to a program, one after the other, each in a folder, and takes the numbers that it prints. */
export async function runOnVariants(
  { variants, later }: PreparedComparison,
  models: VariantModels,
  evaluate: PreparedEvaluation,
): Promise<Evaluation> {
  const scored: ScoredVariant[] = [];
  for (const variant of variants) {
    const { name, kind, method, description, members } = variant;
    const { folder, close } = await models.openFolder(variant);
    try {
      const { metrics = {} } = await evaluate(folder);
      const facts = { name, ...(method !== undefined && { method }), description, members };
      scored.push({ ...facts, kind, prepared: variant, scores: [], metrics });
    } finally {
      await close();
    }
  }
  return { variants: scored, warnings: leftOut(later, "With a program") };
}

/** That variants which wait for scores are not there. */
export function leftOut(later: PreparedComparison["later"], why: string): string[] {
  const left = later.map((each) => ("name" in each ? each.name : each.kind));
  return left.length === 0 ? [] : [`${why} ${listed(left)} ${left.length === 1 ? "is" : "are"} left out.`];
}
