import type { SplitScore } from "../evaluate/types.ts";
import type { CompareReport, ReportComparison } from "../report/report-types.ts";
import { IN_DISTRIBUTION, pairOf, UNDER_SHIFT, verdictOf } from "./comparisons.ts";
import type { ScoredVariant } from "./evaluate-variants.ts";

type Verdict = CompareReport["verdict"];
type Role = "in-distribution" | "shift";

const WHERE: Readonly<Record<Role, string>> = { "in-distribution": IN_DISTRIBUTION, shift: UNDER_SHIFT };
const ROLES: readonly Role[] = ["in-distribution", "shift"];

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const points = (difference: number) =>
  `${difference < 0 ? "−" : "+"}${Math.abs(difference * 100).toFixed(1)} points`;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const pText = (p: number) => (p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`);

/** Mean of the accuracies of the splits of a role; undefined without one. */
export function meanAccuracy(scores: readonly SplitScore[], role: SplitScore["role"]): number | undefined {
  const own = scores.filter((score) => score.role === role);
  if (own.length === 0) return undefined;
  return own.reduce((sum, { correct, examples }) => sum + correct / examples, 0) / own.length;
}

interface Ranked {
  readonly variant: ScoredVariant;
  readonly accuracy: number;
}

function ranked(variants: readonly ScoredVariant[], role: Role): Ranked[] {
  return variants
    .flatMap((variant) => {
      const accuracy = meanAccuracy(variant.scores, role);
      return accuracy === undefined ? [] : [{ variant, accuracy }];
    })
    .sort((a, b) => b.accuracy - a.accuracy);
}

/**
 * The result in words: the merge in focus against the baseline, then whatever is better than it, the base and single
 * models above all, and how sure that is.
 */
export function verdict(
  variants: readonly ScoredVariant[],
  focus: ScoredVariant,
  baseline: ScoredVariant,
  comparisons: readonly ReportComparison[],
): Verdict {
  const roles = ROLES.filter((role) => meanAccuracy(focus.scores, role) !== undefined);
  const sentences = roles.flatMap((role) => [...highest(variants, role), ...unmerged(variants, focus, role)]);
  return {
    headline: focus === baseline ? alone(focus, roles) : headline(focus, baseline, comparisons),
    sentences: [...sentences, ...caveats(variants, comparisons)],
  };
}

function alone(focus: ScoredVariant, roles: readonly Role[]): string {
  const parts = roles.map((role) => `${percent(meanAccuracy(focus.scores, role) ?? NaN)} ${WHERE[role]}`);
  return `${focus.name} has ${parts.join(" and ")}.`;
}

/** "model_stock against uniform_soup: better under shift (+2.7 points), no measurable difference in distribution." */
function headline(
  focus: ScoredVariant,
  baseline: ScoredVariant,
  comparisons: readonly ReportComparison[],
): string {
  const own = comparisons.filter(({ variant }) => variant === focus.name);
  const parts = [IN_DISTRIBUTION, UNDER_SHIFT].flatMap((scope) => {
    const found = own.find((each) => each.scope === scope);
    return found === undefined
      ? []
      : [`${found.verdict} ${scope} (${points(found.difference)}, ${pText(found.adjustedP)})`];
  });
  return `${focus.name} against ${baseline.name}: ${parts.join("; ")}.`;
}

function highest(variants: readonly ScoredVariant[], role: Role): string[] {
  const singles = variants.filter(({ kind }) => kind !== "ensemble");
  const [best, second] = ranked(singles, role);
  if (best === undefined || second === undefined) return [];
  const pair = pairOf(best.variant.scores, second.variant.scores, (score) => score.role === role);
  const apart = verdictOf(pair.gained, pair.lost, pair.p);
  const rest =
    apart === "better"
      ? `, measurably above the next, ${second.variant.name} (${percent(second.accuracy)})`
      : `; the next, ${second.variant.name} (${percent(second.accuracy)}), is not measurably lower`;
  return [`Highest ${WHERE[role]}: ${best.variant.name} with ${percent(best.accuracy)}${rest}.`];
}

/** Says of base and best single model that they are better than the merge in focus, wherever they are. */
function unmerged(variants: readonly ScoredVariant[], focus: ScoredVariant, role: Role): string[] {
  const own = meanAccuracy(focus.scores, role) ?? NaN;
  const base = variants.filter(({ kind }) => kind === "base");
  const [single] = ranked(
    variants.filter(({ kind }) => kind === "model"),
    role,
  );
  const candidates = [...ranked(base, role), ...(single === undefined ? [] : [single])];
  return candidates.flatMap(({ variant, accuracy }) => {
    if (variant === focus || accuracy <= own) return [];
    const who = variant.kind === "base" ? "the base" : `the best single model, ${variant.name},`;
    const { gained, lost, p } = pairOf(variant.scores, focus.scores, (score) => score.role === role);
    const sure = verdictOf(gained, lost, p) === "better";
    const numbers = `${percent(accuracy)} against ${percent(own)}, ${pText(p)}`;
    const what = sure ? "is better than" : "is ahead of";
    const much = sure ? "" : ", but not measurably";
    return [`${capital(WHERE[role])} ${who} ${what} ${focus.name} (${numbers})${much}.`];
  });
}

function caveats(variants: readonly ScoredVariant[], comparisons: readonly ReportComparison[]): string[] {
  const tested = new Set(comparisons.map(({ variant }) => variant)).size;
  const several =
    tested > 1
      ? [
          `p values against the baseline are corrected for ${tested} variants; the others in these sentences are not.`,
        ]
      : [];
  const curve = variants.some(({ kind }) => kind === "curve")
    ? ["The best point of a curve was found by looking at these same examples: choose alpha on other data."]
    : [];
  return [...several, ...curve];
}
