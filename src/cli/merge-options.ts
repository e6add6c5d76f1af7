import { UsageError } from "../index.ts";
import type { MergeOptions, PlanOptions } from "../index.ts";
import type { OptionValues } from "./options.ts";

function tensorSetOf({ tensorIntersection, tensorUnion }: OptionValues): PlanOptions["tensorSet"] {
  if (tensorIntersection === true && tensorUnion === true) {
    const hint = "Leave one of them out.";
    throw new UsageError("USAGE", "--tensor-intersection and --tensor-union exclude each other", { hint });
  }
  return tensorIntersection === true ? "intersection" : tensorUnion === true ? "union" : undefined;
}

/** The flags that shape a plan, as the API calls them. */
export const planOptions = (options: OptionValues): Omit<PlanOptions, "recipe"> => ({
  maxShardBytes: options.outShardSize,
  dtype: options.dtype,
  allowCode: options.allowCode,
  locked: options.locked,
  lenient: options.lenient,
  seed: options.randomSeed,
  truncateEmbeddings: options.unsafeTruncateEmbeddings,
  tensorSet: tensorSetOf(options),
});

/** All flags of a merge, as the API calls them. */
export const mergeOptions = (options: OptionValues): Omit<MergeOptions, "recipe" | "out"> => ({
  ...planOptions(options),
  keepIntermediate: options.keepIntermediate ?? options.intermediateDir,
  copyTokenizer: options.copyTokenizer,
  modelCard: options.writeModelCard,
  lock: options.lock,
  hashInputs: options.hashInputs,
  noStore: options.store === false,
  force: options.force,
  workers: options.workers ?? options.numThreads,
  tileBytes: options.tileBytes,
  allowNonFinite: options.allowNonFinite,
});
