import type { CompareReport, ReportAverage, ReportComparison, ReportVariant } from "./report-types.ts";

/** A column of the table of variants: one number for each of them. */
export interface ScoreColumn {
  readonly title: string;
  /** Scope of the comparisons that belong to it. */
  readonly scope: string;
  readonly valueOf: (variant: ReportVariant) => ReportAverage | ReportVariant["scores"][number] | undefined;
}

/** In distribution, under shift, then every split where a role has several of them. */
export function scoreColumns({ splits, variants }: CompareReport): ScoreColumn[] {
  const splitColumn = (name: string): ScoreColumn => ({
    title: name,
    scope: name,
    valueOf: ({ scores }) => scores.find(({ split }) => split === name),
  });
  const of = (role: string) => splits.filter((split) => split.role === role).map(({ name }) => name);
  const [inside, shifts, heldOut] = [of("in distribution"), of("shift"), of("held out")];
  const averages: ScoreColumn[] = [
    { title: "in distribution", scope: "in distribution", valueOf: ({ inDistribution }) => inDistribution },
    { title: "under shift", scope: "under shift", valueOf: ({ underShift }) => underShift },
  ];
  const known = averages.filter(({ valueOf }) => variants.some((variant) => valueOf(variant) !== undefined));
  const several = [inside, shifts].filter((names) => names.length > 1).flat();
  return [...known, ...[...several, ...heldOut].map(splitColumn)];
}

/** Names of the numbers that a program printed. */
export const metricNames = ({ variants }: CompareReport): string[] => [
  ...new Set(variants.flatMap(({ metrics = {} }) => Object.keys(metrics))),
];

/** Five digits of a program's number. */
export const metricText = (value: number | undefined): string =>
  value === undefined ? "" : String(Number(value.toPrecision(5)));

/** The comparison of a variant with the baseline in a column, if there is one. */
export function comparisonOf(
  { comparisons }: CompareReport,
  variant: ReportVariant,
  { scope }: ScoreColumn,
): ReportComparison | undefined {
  return comparisons.find((each) => each.variant === variant.name && each.scope === scope);
}

/** "92.2", a share as a percentage with one digit. */
export const percentText = (share: number): string => (share * 100).toFixed(1);

/** An arrow for a measurable difference to the baseline, and nothing where there is none. */
export const markOf = (comparison: ReportComparison | undefined): "" | "▲" | "▼" =>
  comparison?.verdict === "better" ? "▲" : comparison?.verdict === "worse" ? "▼" : "";
