import { mkdtemp, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { MergeOptions } from "../engine/options.ts";
import { summarizeInside, summarizeIntermediate } from "../engine/report.ts";
import type { IntermediateReport, MergeReport } from "../engine/report.ts";
import { runPlan } from "../engine/run.ts";
import type { RunReport } from "../engine/run-types.ts";
import type { LinearCombination } from "../methods/combination.ts";
import type { PlannedTensor } from "../plan/types.ts";
import { makeDirectory, removeDirectories } from "../sink/directory.ts";
import { writing } from "../sink/errors.ts";
import { checkOutput } from "../sink/open.ts";
import { removeLeftoverResults } from "./leftover-results.ts";
import { isMeasured, measuringOf } from "./inside.ts";
import { inputModels, lockInputs } from "./lock-inputs.ts";
import type { Step } from "./plan-step.ts";
import type { IntermediateStep, Prepared } from "./prepare.ts";
import type { PlacedOptions } from "./out-folder.ts";
import { ProgressSum } from "./progress-sum.ts";
import { Results } from "./results.ts";
import { runStep } from "./run-step.ts";
import type { LockSource } from "./run-step.ts";

/** Characters of the output's name in that of the temporary folder; file systems take 255 bytes. */
const MAX_SHOWN_LENGTH = 64;

/** A folder for results. */
interface Place {
  readonly folder: string;
  /** What is in it is not to be kept. */
  readonly temporary: boolean;
  readonly close: () => Promise<void>;
  /** Removes what killed runs for the same output left; for when this one is complete. */
  readonly tidy: () => Promise<void>;
}

/**
 * Merges a whole file: first what others take, each into a folder of its own unless it is computed inside them, then the
 * output. Results that are not to be kept go into a temporary folder beside the output, which is removed whatever
 * happens, and each of them as soon as nothing needs it any more.
 */
export async function mergeAll(prepared: Prepared, options: PlacedOptions): Promise<MergeReport> {
  const out = resolve(options.cwd ?? ".", options.out);
  if (prepared.intermediates.length === 0)
    return await runStep(
      prepared.output,
      out,
      prepared.output.recipe.text,
      options,
      await lockOf(prepared, options),
    );
  const place = await openPlace(out, prepared, options);
  try {
    const report = await mergeInto(place, prepared, out, options);
    await place.tidy();
    return report;
  } finally {
    await place.close();
  }
}

/** Taken before the first weight is read, so that a damaged input is found early. */
async function lockOf(
  { intermediates, output }: Pick<Prepared, "intermediates" | "output">,
  options: MergeOptions,
): Promise<LockSource | undefined> {
  const { lock = true, hashInputs = false, signal } = options;
  if (!lock) return undefined;
  const models = inputModels([...intermediates, output]);
  return { inputs: await lockInputs(models, hashInputs ? "all" : "none", { signal }), planned: true };
}

/** The same for a result on the way. */
async function lockOfStep(step: Step, options: MergeOptions): Promise<LockSource | undefined> {
  if (options.lock === false) return undefined;
  return {
    inputs: await lockInputs(inputModels([step]), "none", { signal: options.signal }),
    planned: false,
  };
}

async function openPlace(
  out: string,
  { intermediates }: Prepared,
  { cwd = ".", keepIntermediate }: MergeOptions,
): Promise<Place> {
  const nothing = () => Promise.resolve();
  if (keepIntermediate !== undefined)
    return { folder: resolve(cwd, keepIntermediate), temporary: false, close: nothing, tidy: nothing };
  const parent = dirname(out);
  const prefix = join(parent, `.stockpot-${basename(out).slice(0, MAX_SHOWN_LENGTH)}-`);
  const startedMs = Date.now();
  const tidy = () => removeLeftoverResults(prefix, startedMs);
  if (intermediates.every(({ computed }) => computed === "inside"))
    return { folder: parent, temporary: true, close: nothing, tidy };
  const made = await makeDirectory(parent);
  const folder = await writing(parent, () => mkdtemp(prefix));
  const close = async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    await removeDirectories(made);
  };
  return { folder, temporary: true, close, tidy };
}

/** A step with the passes that are made for it before those that take it. */
function beforeOthers(step: IntermediateStep): Step {
  return step.computed === "folder" ? step : { ...step, plan: measuringOf(step.plan) };
}

/** Finds the coefficients of a result that is to be computed inside others. */
async function measureStep(
  step: IntermediateStep,
  options: MergeOptions,
): Promise<{ readonly run: RunReport; readonly solved: ReadonlyMap<string, LinearCombination> }> {
  const solved = new Map<string, LinearCombination>();
  const onSolved = ({ name }: PlannedTensor, combination: LinearCombination) => solved.set(name, combination);
  const run = await runPlan(beforeOthers(step).plan, { ...options, shardPaths: [], onSolved });
  return { run, solved };
}

async function mergeInto(
  place: Place,
  { intermediates, output }: Prepared,
  out: string,
  options: MergeOptions,
): Promise<MergeReport> {
  const { force = false, onProgress } = options;
  const folderOf = ({ recipe }: IntermediateStep) => join(place.folder, recipe.name);
  const results = new Results(intermediates, folderOf);
  // Before the first weight is read: a refusal of the output must not come after hours of work for it.
  for (const step of intermediates.filter(isInFolder))
    await checkOutput(folderOf(step), results.planned(step), force);
  await checkOutput(out, results.planned(output), force);

  const lock = await lockOf({ intermediates, output }, options);
  const before = intermediates.filter((step) => isInFolder(step) || isMeasured(step.plan));
  const progress = new ProgressSum([...before.map(beforeOthers), output], onProgress);
  const reports = new Map<string, IntermediateReport>();
  for (const [position, step] of before.entries()) {
    const running = { ...options, onProgress: progress.next() };
    reports.set(step.recipe.name, await mergeBefore(step, folderOf(step), results, place, running));
    if (!place.temporary || !isInFolder(step)) continue;
    const needed = results.needed([...before.slice(position + 1), output]);
    for (const done of intermediates.filter(isInFolder))
      if (!needed.has(done.recipe.name)) await rm(folderOf(done), { recursive: true, force: true });
  }
  const report = await runStep(
    await results.ready(output),
    out,
    output.recipe.text,
    { ...options, onProgress: progress.next() },
    lock,
  );
  const summaries = intermediates.map(
    ({ recipe: { name }, plan }) => reports.get(name) ?? summarizeInside(name, plan),
  );
  return { ...report, intermediates: summaries };
}

const isInFolder = ({ computed }: IntermediateStep) => computed === "folder";

/** Does what others need of a result: all of it into its folder, or its coefficients. */
async function mergeBefore(
  step: IntermediateStep,
  folder: string,
  results: Results,
  { temporary }: Place,
  options: MergeOptions,
): Promise<IntermediateReport> {
  const { name, documentText } = step.recipe;
  const current = await results.ready(step);
  if (!isInFolder(step)) {
    const { run, solved } = await measureStep(current, options);
    results.addSolved(step, solved);
    return summarizeInside(name, step.plan, run);
  }
  const lock = temporary ? undefined : await lockOfStep(current, options);
  const report = await runStep(current, folder, documentText, options, lock);
  await results.add(step);
  return summarizeIntermediate(name, report, temporary);
}
