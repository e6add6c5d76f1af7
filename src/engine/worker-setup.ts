import type { MergePlan } from "../plan/types.ts";
import type { WorkerSetup } from "./protocol.ts";
import { shareAlignment } from "./row-pieces.ts";

export const DEFAULT_TILE_BYTES = 1_048_576;

interface SetupOptions {
  readonly shardPaths: readonly string[];
  readonly tileBytes?: number | undefined;
  readonly scalar?: boolean | undefined;
}

/** What the workers of a plan are started with. */
export function workerSetup(plan: MergePlan, options: SetupOptions): WorkerSetup {
  const { shardPaths, tileBytes = DEFAULT_TILE_BYTES, scalar } = options;
  return {
    seed: plan.seed,
    models: plan.models.map(({ reference, files }) => ({ reference, files })),
    alignments: (plan.alignments ?? []).map(shareAlignment),
    shardPaths,
    methodModules: plan.methodModules ?? [],
    tileBytes,
    ...(scalar === undefined ? {} : { scalar }),
  };
}
