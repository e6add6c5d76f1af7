import { resolve } from "node:path";
import { checkRunOptions } from "../engine/options.ts";
import { measureTaskVectors } from "../engine/measure.ts";
import type { Measurement } from "../engine/measure.ts";
import type { PreparedEvaluation } from "../evaluate/run.ts";
import type { PlacedName } from "../recipe/comparison.ts";
import type { CompareReport } from "../report/report-types.ts";
import { referenceText } from "../sources/types.ts";
import { assemble } from "./assemble.ts";
import { diagnose } from "./diagnose.ts";
import { evaluateVariants } from "./evaluate-variants.ts";
import type { Evaluation, ScoredVariant } from "./evaluate-variants.ts";
import { VariantModels } from "./models.ts";
import { nameFault, openScoring } from "./open-scoring.ts";
import type { CompareOptions } from "./options.ts";
import { openReport } from "./output.ts";
import { leftOut, openProgram, runOnVariants } from "./program.ts";
import { prepareComparison } from "./prepare.ts";
import type { PreparedVariant } from "./planner.ts";
import type { PreparedComparison } from "./prepare.ts";
import { roundNumbers } from "./rows.ts";
import type { Scoring } from "./scoring.ts";

/** The whole of `compare`; see there. */
export async function compareModels(options: CompareOptions): Promise<CompareReport> {
  const started = performance.now();
  checkRunOptions(options);
  const prepared = await prepareComparison(options);
  const out = resolve(options.cwd ?? ".", options.out);
  const output = await openReport(out, prepared.measured.plan, options.force ?? false);
  try {
    const scoring = await openScoring(prepared, options);
    const program = scoring === undefined ? await openProgram(prepared, options) : undefined;
    const report = await run(prepared, { scoring, program }, out, options).finally(() => scoring?.close());
    const complete = roundNumbers({ ...report, seconds: (performance.now() - started) / 1000 });
    await output.commit(complete);
    return complete;
  } catch (error) {
    await output.abort();
    throw error;
  }
}

/** What scores variants: one of the two, or nothing. */
interface Evaluators {
  readonly scoring: Scoring | undefined;
  readonly program: PreparedEvaluation | undefined;
}

async function run(
  prepared: PreparedComparison,
  { scoring, program }: Evaluators,
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
  const evaluation = await evaluateAll(prepared, models, { scoring, program });
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
    program: program !== undefined,
    diagnosis,
    versions: options.versions,
  });
}

function openModels(
  { headers, methods, measured, searchFrom }: PreparedComparison,
  measurement: Measurement,
  out: string,
  options: CompareOptions,
): VariantModels {
  return new VariantModels({
    headers,
    methods,
    searchFrom,
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

async function evaluateAll(
  prepared: PreparedComparison,
  models: VariantModels,
  { scoring, program }: Evaluators,
): Promise<Evaluation> {
  if (scoring !== undefined) return await evaluateVariants(prepared, models, scoring);
  if (program !== undefined) return await runOnVariants(prepared, models, program);
  const variants = prepared.variants.map((variant): ScoredVariant => {
    const { name, kind, method, description, members } = variant;
    const facts = { name, kind, description, members, prepared: variant, scores: [] };
    return method === undefined ? facts : { ...facts, method };
  });
  return { variants, warnings: leftOut(prepared.later, "Without data") };
}
