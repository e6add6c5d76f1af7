import type { PlacedName } from "../recipe/comparison.ts";
import type { CompareReport } from "../report/report-types.ts";
import { compareWithBaseline } from "./comparisons.ts";
import type { ScoredVariant } from "./evaluate-variants.ts";
import { nameFault } from "./open-scoring.ts";
import { meanAccuracy, verdict } from "./verdict.ts";

const DEFAULT_BASELINE = "uniform_soup";
/** What the verdict is about: the recipe's own merge if that stands apart, else Model Stock. */
const FOCUS = ["recipe", "model_stock"];

type Judged = Pick<CompareReport, "baseline" | "comparisons" | "verdict">;

/** Tests every variant against the baseline and puts the result into words. */
export function judge(variants: readonly ScoredVariant[], asked: PlacedName | undefined): Judged {
  const names = variants.map(({ name }) => name);
  const named = (name: string) => variants.find((each) => each.name === name);
  if (asked !== undefined && named(asked.name) === undefined)
    throw nameFault(
      asked,
      `The baseline "${asked.name}" is no variant`,
      names,
      `There are ${names.join(", ")}.`,
    );
  const merges = variants.filter(({ kind }) => kind === "merge");
  const baseline = named(asked?.name ?? DEFAULT_BASELINE) ?? merges[0];
  const others = merges.filter((each) => each !== baseline);
  const focus =
    FOCUS.map((name) => others.find((each) => each.name === name)).find(Boolean) ?? others[0] ?? baseline;
  if (baseline === undefined || focus === undefined || !isScored(baseline) || !isScored(focus)) {
    const headline = variants.some(({ metrics }) => metrics !== undefined)
      ? "The numbers of a program are shown as they are: without right answers by example, no difference can be tested."
      : variants.some(({ scores }) => scores.length > 0)
        ? "Only the held-out split was scored: it chooses models, and says nothing of what it chose."
        : "Without data no variant was scored: this is what the weights alone tell.";
    return { comparisons: [], verdict: { headline, sentences: [] } };
  }
  const scored = variants.filter(({ scores }) => scores.length > 0);
  const comparisons = compareWithBaseline(scored, baseline);
  return { baseline: baseline.name, comparisons, verdict: verdict(scored, focus, baseline, comparisons) };
}

const isScored = ({ scores }: ScoredVariant) =>
  meanAccuracy(scores, "in-distribution") !== undefined || meanAccuracy(scores, "shift") !== undefined;
