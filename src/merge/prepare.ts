import { planningOptions } from "../engine/options.ts";
import type { PlanOptions } from "../engine/options.ts";
import { PlanError, problemOf, throwIfErrors, UsageError } from "../errors.ts";
import type { MergeError, Problem } from "../errors.ts";
import { modelHub } from "../hub/models.ts";
import { didYouMean } from "../nearest.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { LockFile } from "../lock/lock-file.ts";
import { METHODS } from "../methods/index.ts";
import type { MergePlan, PlannedIntermediate } from "../plan/types.ts";
import { meansDocument } from "../recipe/documents.ts";
import { referencedModels } from "../recipe/references.ts";
import type { NamedRecipe, Recipe } from "../recipe/types.ts";
import { openModels } from "../sources/open.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { checkLocked, pinnedCommits, readPins } from "./locked.ts";
import { checkPlaces } from "./own-methods.ts";
import { bringTexts } from "./hub-texts.ts";
import { countInside, placesOf } from "./inside.ts";
import type { InsideOptions } from "./inside.ts";
import { planStep } from "./plan-step.ts";
import type { Step } from "./plan-step.ts";
import { readRecipes } from "./recipe-text.ts";
import type { ReadRecipes } from "./recipe-text.ts";
import { headersOfResult } from "./result-headers.ts";
import { readModelTexts } from "./tokenizers.ts";

/** A merge whose result others take. */
export interface IntermediateStep extends Step<NamedRecipe> {
  /** What its result will be; in no folder yet. */
  readonly result: ModelHeaders;
  readonly computed: PlannedIntermediate["computed"];
}

/** A recipe file, ready to run. */
export interface Prepared {
  /** The caller's own merge methods, and those of the recipe's modules. */
  readonly methods: readonly AnyMethod[];
  /** Each after those that it needs. */
  readonly intermediates: readonly IntermediateStep[];
  readonly output: Step;
  /** Where relative paths of the recipe start from. */
  readonly searchFrom: ReadRecipes["searchFrom"];
}

/**
 * Reads a recipe file and the headers of all models, and plans every merge; no weight is read. Models of the Hub are taken
 * at the commits of `written`, a lock file to which nothing else is held.
 */
export async function prepare(options: PlanOptions & InsideOptions, written?: LockFile): Promise<Prepared> {
  const asked = planningOptions(options);
  const { own, parsed, searchFrom } = await readRecipes(options);
  const allMethods = { ...own, methods: [...METHODS, ...own.methods] };
  const planning = { ...asked, ...allMethods };
  // A dtype that is asked for is the output's.
  const before = planningOptions({ ...options, dtype: undefined });
  const planningBefore = { ...before, ...allMethods, fullPrecision: true };
  const { intermediates, output, warnings } = parsed;
  const names = new Set(intermediates.map(({ name }) => name));
  const references = [...intermediates, output].flatMap(referencedModels);
  const onDisk = references.filter((reference) => !meansDocument(reference, names));
  const lock = await readPins(options);
  const hub = options.hub && modelHub(options.hub, options.signal, pinnedCommits(lock ?? written));
  const known = new Map(await openModels(onDisk, { searchFrom, hub }));
  const textNames = await bringTexts([...intermediates, output], [...known.values()], options);
  const texts = await readModelTexts(known.values(), textNames);

  const errors: MergeError[] = [];
  const planOne = <R extends Recipe>(recipe: R, how: typeof planning): Step<R> | undefined => {
    const found = referencedModels(recipe).map((each) => known.get(referenceText(each)));
    const models = new Map(found.flatMap((each) => (each === undefined ? [] : [[each.reference, each]])));
    // What it needs could not be planned, which is reported there.
    if (models.size < found.length) return undefined;
    return planStep(recipe, models, texts, how, (error) => errors.push(error));
  };
  const planned = intermediates.flatMap((recipe) => {
    const step = planOne(recipe, planningBefore);
    if (step === undefined) return [];
    const result = headersOfResult(recipe.name, step);
    known.set(recipe.name, result);
    texts.set(recipe.name, step.output.texts());
    return { ...step, result };
  });
  const plannedLast = planOne(output, planning);
  throwAll(errors);
  if (plannedLast === undefined) throw new PlanError("INTERNAL", "The output could not be planned");
  checkExplained(options.explain, [...planned, plannedLast]);
  for (const step of [...planned, plannedLast]) checkPlaces(step.plan, own.methods);
  const { steps, last } = placeSteps(planned, plannedLast, allMethods.methods, options);
  const joined = { ...last, plan: joinPlans(last.plan, steps, warnings) };
  if (lock !== undefined) await checkLocked(lock, [...steps, joined], options);
  return {
    methods: own.methods,
    searchFrom,
    intermediates: steps,
    output: joined,
  };
}

/** Says where each result is computed, and counts what is read for those inside others. */
function placeSteps(
  planned: readonly Omit<IntermediateStep, "computed">[],
  output: Step,
  methods: readonly AnyMethod[],
  options: InsideOptions,
): { steps: IntermediateStep[]; last: Step } {
  const places = placesOf(planned, output, methods, options);
  const plans = countInside([...planned, output], places, methods);
  const counted = <S extends Step>(step: S, at: number): S => ({ ...step, plan: plans[at] ?? step.plan });
  const steps = planned.map((step, at) => {
    return { ...counted(step, at), computed: places.get(step.recipe.name) ?? "folder" };
  });
  return { steps, last: counted(output, planned.length) };
}

function checkExplained(explain: string | undefined, steps: readonly Step[]): void {
  if (explain === undefined || steps.some(({ plan }) => (plan.explanations ?? []).length > 0)) return;
  const names = steps.flatMap(({ plan }) => plan.tensors.map(({ name }) => name));
  throw new UsageError(
    "USAGE",
    `No tensor of the output is meant by "${explain}".${didYouMean(explain, names)}`,
    {
      hint: "Give a tensor's name, a part of it, or a pattern with * and ?.",
    },
  );
}

function throwAll(errors: readonly MergeError[]): void {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) throw first;
  const problems = errors.flatMap((error) =>
    error.problems.length > 0 ? error.problems : [problemOf(error)],
  );
  throwIfErrors(problems, PlanError);
}

/** The output's plan with those that it builds on, and the warnings of all. */
function joinPlans(
  plan: MergePlan,
  steps: readonly IntermediateStep[],
  parsing: readonly Problem[],
): MergePlan {
  const all = [...parsing, ...steps.flatMap((step) => step.plan.warnings), ...plan.warnings];
  // Two merges of one model have the same to say of it.
  const warnings = [...new Map(all.map((problem) => [JSON.stringify(problem), problem])).values()];
  if (steps.length === 0) return { ...plan, warnings };
  const intermediates = steps.map(({ recipe, computed, plan: made }) => ({
    name: recipe.name,
    computed,
    plan: made,
  }));
  return { ...plan, intermediates, warnings };
}
