import type { SplitScore } from "../evaluate/types.ts";
import type { ReportComparison } from "../report/report-types.ts";
import type { ScoredVariant } from "./evaluate-variants.ts";
import { discordant, holm, mcnemar, SIGNIFICANCE } from "./statistics.ts";

export const IN_DISTRIBUTION = "in distribution";
export const UNDER_SHIFT = "under shift";

/** What is compared at once: one split, or all of a role. */
interface Scope {
  readonly name: string;
  readonly holds: (score: SplitScore) => boolean;
}

/** Each split and each role; a split that chooses models is no evidence for what it chose. */
function scopesOf(scores: readonly SplitScore[]): Scope[] {
  const evidence = scores.filter(({ role }) => role !== "held-out");
  const splits = evidence.map(({ split }) => ({
    name: split,
    holds: (each: SplitScore) => each.split === split,
  }));
  const roles = (
    [
      [IN_DISTRIBUTION, "in-distribution"],
      [UNDER_SHIFT, "shift"],
    ] as const
  ).map(([name, role]) => ({ name, holds: (each: SplitScore) => each.role === role }));
  return [...roles.filter(({ holds }) => scores.some(holds)), ...splits];
}

export interface Pair {
  readonly gained: number;
  readonly lost: number;
  readonly examples: number;
  /** Two-sided, not corrected. */
  readonly p: number;
}

/** McNemar's test over all splits for which `holds`: the same examples for both. */
export function pairOf(
  one: readonly SplitScore[],
  other: readonly SplitScore[],
  holds: (score: SplitScore) => boolean,
): Pair {
  let [gained, lost, examples] = [0, 0, 0];
  for (const score of one.filter(holds)) {
    const match = other.find(({ split }) => split === score.split);
    if (match === undefined) continue;
    const found = discordant(score.outcomes, match.outcomes);
    gained += found.gained;
    lost += found.lost;
    examples += score.examples;
  }
  return { gained, lost, examples, p: mcnemar(gained, lost) };
}

/**
 * Every variant against the baseline on each split and each role, points of a curve left out: there are many, and they
 * are one method. p values are corrected for the number of variants within a scope.
 */
export function compareWithBaseline(
  variants: readonly ScoredVariant[],
  baseline: ScoredVariant,
): ReportComparison[] {
  const others = variants.filter(
    (each) => each !== baseline && each.kind !== "curve" && each.scores.length > 0,
  );
  return scopesOf(baseline.scores).flatMap(({ name, holds }) => {
    const pairs = others.map((variant) => pairOf(variant.scores, baseline.scores, holds));
    const adjusted = holm(pairs.map(({ p }) => p));
    return others.map(({ name: variant }, i): ReportComparison => {
      const { gained, lost, examples, p } = pairs[i] ?? { gained: 0, lost: 0, examples: 0, p: 1 };
      const adjustedP = adjusted[i] ?? 1;
      const difference = examples === 0 ? 0 : (gained - lost) / examples;
      const verdict = verdictOf(gained, lost, adjustedP);
      return { variant, scope: name, examples, gained, lost, difference, p, adjustedP, verdict };
    });
  });
}

export function verdictOf(gained: number, lost: number, p: number): ReportComparison["verdict"] {
  if (gained + lost === 0) return "identical";
  if (p >= SIGNIFICANCE) return "no measurable difference";
  return gained > lost ? "better" : "worse";
}
