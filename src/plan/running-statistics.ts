import { linear } from "../methods/linear.ts";
import type { PlanContext } from "./context.ts";
import type { Participants } from "./participants.ts";
import type { Row } from "./row.ts";

const STATISTIC = /(?:^|\.)running_(?:mean|var)$/;

/** Methods whose result lies between their inputs: a variance stays positive. */
const AVERAGES: readonly string[] = [
  linear.name,
  "uniform_soup",
  "wise_ft",
  "geometric_median",
  "model_stock",
  "slerp",
  "nuslerp",
  "multislerp",
  "karcher",
  "passthrough",
];

/** How statistics of batch normalisation are merged: as weights, or by a plain mean. */
export type StatisticsRule = "as weights" | "mean";

/**
 * The rule for a tensor of running statistics, undefined for any other. Methods that work on task vectors would make
 * variances of their own, negative ones among them; where an override names a method, that one runs.
 */
export function statisticsRule(
  { name }: Row,
  { method, override }: Participants,
): StatisticsRule | undefined {
  if (!STATISTIC.test(name) || override?.mergeMethod !== undefined) return undefined;
  return AVERAGES.includes(method.name) ? "as weights" : "mean";
}

export function reportStatistics({ name, slice }: Row, { findings }: PlanContext): void {
  findings.add("statistics", name, {
    code: "PLAN_STATISTICS",
    severity: "warning",
    sentence: (names, count) =>
      `${count} running statistics of batch normalisation (${names}) are averaged, which fits the merged weights only roughly.`,
    position: slice.position,
    hint:
      "Recompute them: run some training data through the merged model in training mode (in PyTorch: " +
      "torch.optim.swa_utils.update_bn). Or take them from one model with an override.",
  });
}
