import { resolve } from "node:path";
import { checkRunOptions } from "../engine/options.ts";
import { measureTaskVectors } from "../engine/measure.ts";
import type { Measurement } from "../engine/measure.ts";
import type { PlacedName } from "../recipe/comparison.ts";
import type { CompareReport } from "../report/report-types.ts";
import { referenceText } from "../sources/types.ts";
import { assemble } from "./assemble.ts";
import { diagnose } from "./diagnose.ts";
import { evaluateVariants } from "./evaluate-variants.ts";
import type { Evaluation, ScoredVariant } from "./evaluate-variants.ts";
import { VariantModels } from "./models.ts";
import { listed } from "./names.ts";
import { nameFault, openScoring } from "./open-scoring.ts";
import type { CompareOptions } from "./options.ts";
import { openReport } from "./output.ts";
import { prepareComparison } from "./prepare.ts";
import type { PreparedComparison, PreparedVariant } from "./prepare.ts";
import { roundNumbers } from "./rows.ts";
import type { Scoring } from "./scoring.ts";

/**
 * Lays merges of the same models side by side: measures their task vectors once, makes every variant, scores all of them
 * where there are data, and writes the report, and what is to be kept, into `out`. Throws a MergeError, and then leaves
 * no report behind.
 */
export async function compare(options: CompareOptions): Promise<CompareReport> {
  const started = performance.now();
  checkRunOptions(options);
  const prepared = await prepareComparison(options);
  const out = resolve(options.cwd ?? ".", options.out);
  const output = await openReport(out, prepared.measured.plan, options.force ?? false);
  try {
    const scoring = await openScoring(prepared, options);
    const report = await run(prepared, scoring, out, options).finally(() => scoring?.close());
    const complete = roundNumbers({ ...report, seconds: (performance.now() - started) / 1000 });
    await output.commit(complete);
    return complete;
  } catch (error) {
    await output.abort();
    throw error;
  }
}

async function run(
  prepared: PreparedComparison,
  scoring: Scoring | undefined,
  out: string,
  options: CompareOptions,
): Promise<Omit<CompareReport, "seconds">> {
  const { measured, headers, names, comparison } = prepared;
  const measurement = await measureTaskVectors(measured.plan, {
    ...options,
    onProgress: (progress) => options.onProgress?.({ stage: "measure", ...progress }),
  });
  const diagnosis = diagnose(
    {
      plan: measured.plan,
      names: comparison.models.map((model) => names.get(referenceText(model)) ?? ""),
      config: headers.get(referenceText(comparison.base))?.config,
    },
    measurement,
  );
  const models = openModels(prepared, measurement, out, options);
  const kept = new Map<string, string>();
  const wanted = comparison.keep;
  // First of all, so that what is merged for its own sake is not merged again to be scored.
  for (const variant of prepared.variants) await keep(variant, wanted, models, kept);
  const started = performance.now();
  const evaluation =
    scoring === undefined ? unscored(prepared) : await evaluateVariants(prepared, models, scoring);
  const seconds = (performance.now() - started) / 1000;
  for (const { prepared: made } of evaluation.variants) if (made) await keep(made, wanted, models, kept);
  checkKept(wanted, kept, evaluation);
  return await assemble({
    prepared,
    evaluation,
    kept,
    seconds,
    models,
    scoring,
    diagnosis,
    versions: options.versions,
  });
}

function openModels(
  { headers, methods, measured }: PreparedComparison,
  measurement: Measurement,
  out: string,
  options: CompareOptions,
): VariantModels {
  return new VariantModels({
    headers,
    methods,
    measured: { plan: measured.plan, measurement },
    out,
    options,
  });
}

async function keep(
  variant: PreparedVariant,
  wanted: readonly PlacedName[],
  models: VariantModels,
  kept: Map<string, string>,
): Promise<void> {
  const { name, source } = variant;
  const asked = wanted.find((each) => each.name === name);
  if (asked === undefined || kept.has(name)) return;
  if (source.kind === "headers")
    throw nameFault(asked, `${name} is an input and need not be kept`, [], "Name merges under keep.");
  kept.set(name, await models.keep(variant));
}

function checkKept(
  wanted: readonly PlacedName[],
  kept: ReadonlyMap<string, string>,
  { variants, warnings }: Evaluation,
): void {
  const names = variants.map(({ name }) => name);
  for (const each of wanted) {
    if (kept.has(each.name)) continue;
    const hint = [`There are ${names.join(", ")}.`, ...warnings].join(" ");
    throw nameFault(each, `"${each.name}" cannot be kept: there is no such merge`, names, hint);
  }
}

/** The variants that are known without data. */
function unscored({ variants, later }: PreparedComparison): Evaluation {
  const left = later.map((each) => ("name" in each ? each.name : each.kind));
  const verb = left.length === 1 ? "is" : "are";
  return {
    variants: variants.map((variant): ScoredVariant => {
      const { name, kind, method, description, members } = variant;
      const facts = { name, kind, description, members, prepared: variant, scores: [] };
      return method === undefined ? facts : { ...facts, method };
    }),
    warnings: left.length === 0 ? [] : [`Without data ${listed(left)} ${verb} left out.`],
  };
}
