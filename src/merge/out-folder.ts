import { join } from "node:path";
import type { MergeOptions } from "../engine/options.ts";
import { UsageError } from "../errors.ts";
import type { Recipe } from "../recipe/types.ts";

/** Options of a merge whose output folder is known. */
export type PlacedOptions = MergeOptions & { readonly out: string };

/**
 * Says where the output goes: as asked for, or, for a recipe with a name in a file whose results are kept, beside them.
 * Throws a UsageError.
 */
export function withOut(options: MergeOptions, { name }: Recipe): PlacedOptions {
  const { out, keepIntermediate } = options;
  if (out !== undefined) return { ...options, out };
  if (name !== undefined && keepIntermediate !== undefined)
    return { ...options, out: join(keepIntermediate, name) };
  const hint =
    keepIntermediate === undefined
      ? '"stockpot merge --help" explains.'
      : "Only a recipe with a name goes beside the results that are kept.";
  throw new UsageError("USAGE", "Missing required argument 'OUT'", { hint });
}
