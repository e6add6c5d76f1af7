import type { MergeOptions, PlanOptions } from "../index.ts";
import type { OptionValues } from "./options.ts";

/** The flags that shape a plan, as the API calls them. */
export const planOptions = ({ outShardSize, dtype, lenient }: OptionValues): Omit<PlanOptions, "recipe"> => ({
  maxShardBytes: outShardSize,
  dtype,
  lenient,
});

/** All flags of a merge, as the API calls them. */
export const mergeOptions = (options: OptionValues): Omit<MergeOptions, "recipe" | "out"> => ({
  ...planOptions(options),
  keepIntermediate: options.keepIntermediate,
  force: options.force,
  workers: options.workers,
  tileBytes: options.tileBytes,
  allowNonFinite: options.allowNonFinite,
});
