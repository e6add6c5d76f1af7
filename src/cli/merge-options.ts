import type { MergeOptions, PlanOptions } from "../index.ts";
import type { OptionValues } from "./options.ts";

/** The flags that shape a plan, as the API calls them. */
export const planOptions = (options: OptionValues): Omit<PlanOptions, "recipe"> => ({
  maxShardBytes: options.outShardSize,
  dtype: options.dtype,
  allowCode: options.allowCode,
  lenient: options.lenient,
  seed: options.randomSeed,
  truncateEmbeddings: options.unsafeTruncateEmbeddings,
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
