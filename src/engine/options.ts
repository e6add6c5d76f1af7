import { UsageError } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { EvaluationProgress } from "../evaluate/run.ts";
import { METHODS } from "../methods/index.ts";
import type { PlanOptions as PlanningOptions, TensorSet } from "../plan/context.ts";
import type { HubSettings } from "../hub/environment.ts";
import type { DownloadProgress } from "../hub/fetch-files.ts";
import type { MergePlan } from "../plan/types.ts";
import type { RecipeInput } from "../sources/recipe-file.ts";
import { dtypeFromRecipe, RECIPE_DTYPE_NAMES } from "../tensor/dtype.ts";
import type { Progress } from "./run-types.ts";

/** What mergekit and the Hub's own tools use. */
export const DEFAULT_MAX_SHARD_BYTES = 5_000_000_000;
/** Each worker takes memory of its own; no machine reads faster with more. */
const MAX_WORKERS = 256;

export interface PlanOptions {
  /** Path of the recipe; or its text, with the name of the file it comes from if there is one. */
  readonly recipe: RecipeInput;
  /** Folder that relative paths start from; the working directory by default. */
  readonly cwd?: string | undefined;
  /** Merge methods of your own, which the recipe may name. */
  readonly methods?: readonly AnyMethod[] | undefined;
  /** Runs the code of modules that the recipe names under `methods`; refused unless true. */
  readonly allowCode?: boolean | undefined;
  /** Turns unknown keys and parameters of the recipe into warnings. */
  readonly lenient?: boolean | undefined;
  /** Most bytes of tensors in one output file, 5 GB by default; 0 for a single file of any size. */
  readonly maxShardBytes?: number | undefined;
  /** Start of the random numbers that some methods draw, above what the recipe says: a whole number from 0. */
  readonly seed?: number | undefined;
  /** Cuts embeddings of several lengths to the shortest, row by row; tokens at their ends are lost. */
  readonly truncateEmbeddings?: boolean | undefined;
  /**
   * Which tensors the output has: those that all models have, or those that any of them has, each merged from the models
   * that have it. By default those of the base or of the first model, and a model that lacks one is an error.
   */
  readonly tensorSet?: TensorSet | undefined;
  /** Adds to the plan why tensors are made as they are: those of this name, or that this glob or part of a name means. */
  readonly explain?: string | undefined;
  /** Where models come from that are no paths; without it there are paths only. */
  readonly hub?: HubSettings | undefined;
  /**
   * A stockpot.lock.json, or the output folder that has one: models of the Hub are taken at its commits, and anything else
   * than its recipe, options and input files is refused.
   */
  readonly locked?: string | undefined;
  /** Stops the work; what a merge had written is removed, what it had downloaded is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Dtype of the output above what the recipe says, spelt as in a recipe: "bfloat16". */
  readonly dtype?: string | undefined;
}

export interface MergeOptions extends PlanOptions {
  /**
   * Output folder; absent or empty unless `force`. May be left out if the recipe has a name and `keepIntermediate` is
   * given: it is then the folder of that name in it.
   */
  readonly out?: string | undefined;
  /**
   * Folder for the results of a file's other recipes, each in a folder of its name. By default they are computed
   * while they are read or, where that cannot be, made beside `out` and removed.
   */
  readonly keepIntermediate?: string | undefined;
  /** False leaves out the donor's tokenizer and chat template. */
  readonly copyTokenizer?: boolean | undefined;
  /** False leaves out README.md and the recipe. */
  readonly modelCard?: boolean | undefined;
  /** False writes no stockpot.lock.json, and computes none of the digests in it. */
  readonly lock?: boolean | undefined;
  /** Reads all weights once more before the merge, so that the lock file has their digests. */
  readonly hashInputs?: boolean | undefined;
  /**
   * Reads weights of models on the Hub that are not in the cache at once from there, without keeping them: for disks
   * smaller than the models. Each merge then moves all bytes again.
   */
  readonly noStore?: boolean | undefined;
  /** Replaces the weights of an earlier merge in the output folder. */
  readonly force?: boolean | undefined;
  /** Threads, 1 to 256. */
  readonly workers?: number | undefined;
  /** Bytes of one input that a worker holds at a time. Neither this nor `workers` changes the result. */
  readonly tileBytes?: number | undefined;
  /** Accepts NaN and infinity in inputs and results; the report counts them. */
  readonly allowNonFinite?: boolean | undefined;
  /** Called once and awaited, before the first weight is read. */
  readonly onPlan?: ((plan: MergePlan) => unknown) | undefined;
  /** Variables for the program that a recipe names under `evaluate`, beside its own: `process.env` hands down yours. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly onEvaluation?: ((progress: EvaluationProgress) => void) | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called while models come from the Hub, before the merge itself. */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  /** Called with the name of each file that has come. */
  readonly onDownloaded?: ((name: string) => void) | undefined;
}

/** The options in the planner's terms. Throws a UsageError for a value that cannot be meant. */
export function planningOptions(options: PlanOptions): PlanningOptions {
  const { maxShardBytes = DEFAULT_MAX_SHARD_BYTES, methods = [] } = options;
  checkWhole("maxShardBytes", maxShardBytes, 0);
  if (options.seed !== undefined) checkWhole("seed", options.seed, 0);
  return {
    methods: [...METHODS, ...methods],
    maxShardBytes,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.truncateEmbeddings === true && { truncateEmbeddings: true }),
    ...(options.tensorSet !== undefined && { tensorSet: options.tensorSet }),
    ...(options.explain !== undefined && { explain: options.explain }),
    ...dtypeOf(options),
  };
}

/** Throws a UsageError for a number that cannot be meant. */
export function checkRunOptions({
  workers,
  tileBytes,
  noStore,
  hashInputs,
}: Pick<MergeOptions, "workers" | "tileBytes" | "noStore" | "hashInputs">): void {
  if (noStore === true && hashInputs === true) {
    throw new UsageError("USAGE", "Inputs that are not stored cannot be hashed before the merge", {
      hint: "Leave hashInputs out: what is streamed is hashed as it passes, and the lock file has the Hub's own hashes.",
    });
  }
  if (workers !== undefined) checkWhole("workers", workers, 1, MAX_WORKERS);
  if (tileBytes !== undefined) checkWhole("tileBytes", tileBytes, 1);
}

function dtypeOf({ dtype }: PlanOptions): Pick<PlanningOptions, "dtype"> {
  if (dtype === undefined) return {};
  const known = dtypeFromRecipe(dtype);
  if (known !== undefined) return { dtype: known };
  throw new UsageError("USAGE", `dtype is "${dtype}"`, {
    hint: `Use one of ${RECIPE_DTYPE_NAMES.join(", ")}.`,
  });
}

function checkWhole(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  throw new UsageError("USAGE", `${name} is ${value}`, { hint: `Use a whole number, ${range}.` });
}
