import type { SplitScore } from "../evaluate/types.ts";
import type { ReportAverage, ReportScore, ReportSplit, ReportVariant } from "../report/report-types.ts";
import type { ScoredVariant } from "./evaluate-variants.ts";
import type { CoefficientTable } from "./table.ts";
import { meanInterval, wilson } from "./statistics.ts";

export const ROLES: Readonly<Record<SplitScore["role"], ReportSplit["role"]>> = {
  "in-distribution": "in distribution",
  shift: "shift",
  "held-out": "held out",
};

/** How a variant's weights were made and where they went. */
export interface Making {
  readonly table: CoefficientTable | undefined;
  readonly kept: string | undefined;
}

/** A variant as the report shows it. */
export function rowOf(variant: ScoredVariant, { table, kept }: Making): ReportVariant {
  const { name, kind, method, description, members, scores, metrics, note } = variant;
  const made =
    kind === "merge" || kind === "curve" ? (table === undefined ? "merge" : "coefficients") : undefined;
  const inDistribution = averageOf(scores, "in-distribution");
  const underShift = averageOf(scores, "shift");
  return {
    name,
    kind,
    ...(method !== undefined && { method }),
    description,
    members,
    ...(made !== undefined && { made }),
    scores: scores.map(scoreOf),
    ...(inDistribution && { inDistribution }),
    ...(underShift && { underShift }),
    ...(metrics && { metrics }),
    ...(table?.distances && { distances: table.distances }),
    ...(kept !== undefined && { kept }),
    ...(note !== undefined && { note }),
  };
}

function scoreOf({ split, correct, examples }: SplitScore): ReportScore {
  return { split, accuracy: correct / examples, correct, examples, interval: wilson(correct, examples) };
}

function averageOf(scores: readonly SplitScore[], role: SplitScore["role"]): ReportAverage | undefined {
  const own = scores.filter((score) => score.role === role);
  if (own.length === 0) return undefined;
  return {
    accuracy: own.reduce((sum, { correct, examples }) => sum + correct / examples, 0) / own.length,
    splits: own.length,
    interval: meanInterval(own),
  };
}

/** Six significant digits: more than any of these numbers is known to, in a third of the bytes. */
export function roundNumbers<T>(value: T): T {
  if (typeof value === "number") return (Number.isInteger(value) ? value : Number(value.toPrecision(6))) as T;
  if (Array.isArray(value)) return value.map(roundNumbers) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, roundNumbers(each as unknown)]),
  ) as T;
}
