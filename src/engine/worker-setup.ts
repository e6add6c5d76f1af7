import type { MadeBy, MergePlan } from "../plan/types.ts";
import type { WeightFile } from "../sources/types.ts";
import type { ComputedSetup, WorkerSetup } from "./protocol.ts";
import { shareAlignment } from "./row-pieces.ts";

export const DEFAULT_TILE_BYTES = 1_048_576;

interface SetupOptions {
  readonly shardPaths: readonly string[];
  readonly tileBytes?: number | undefined;
  readonly scalar?: boolean | undefined;
}

/** What the workers of a plan are started with; every model has the spool as its last file, if there is one. */
export function workerSetup(
  plan: MergePlan,
  options: SetupOptions,
  spool: readonly WeightFile[] = [],
): WorkerSetup {
  const { shardPaths, tileBytes = DEFAULT_TILE_BYTES, scalar } = options;
  return {
    ...readingSetup(plan, spool),
    shardPaths,
    methodModules: plan.methodModules ?? [],
    tileBytes,
    ...(scalar === undefined ? {} : { scalar }),
  };
}

function readingSetup(
  { seed, models, alignments = [] }: MergePlan,
  spool: readonly WeightFile[] = [],
): Pick<WorkerSetup, "seed" | "models" | "alignments"> {
  return {
    seed,
    models: models.map(({ reference, files, madeBy }) => ({
      reference,
      files: [...files, ...spool],
      ...(madeBy !== undefined && { madeBy: computedSetup(madeBy) }),
    })),
    alignments: alignments.map(shareAlignment),
  };
}

function computedSetup(plan: MadeBy): ComputedSetup {
  return { ...readingSetup(plan), tensors: plan.tensors, solved: plan.solved ?? new Map() };
}
