import type { MergeOptions } from "../engine/options.ts";
import type { MergeReport } from "../engine/report.ts";
import { warnOfMoved } from "../hub/moved.ts";
import { hubOrigins } from "../sources/types.ts";
import type { Prepared } from "./prepare.ts";

/** Adds a warning for each branch of the Hub that has moved on since the merge was planned. */
export async function withNews(
  report: MergeReport,
  { intermediates, output }: Prepared,
  { hub, signal }: MergeOptions,
): Promise<MergeReport> {
  const models = [...intermediates, output].flatMap((step) => [...step.models.values()]);
  const origins = new Map(
    models.flatMap(hubOrigins).map((origin) => [`${origin.repository}@${origin.revision}`, origin]),
  );
  if (hub === undefined || origins.size === 0) return report;
  const warnings = await warnOfMoved(hub, [...origins.values()], signal);
  return { ...report, warnings: [...report.warnings, ...warnings] };
}
