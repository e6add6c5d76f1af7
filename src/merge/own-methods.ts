import { runsInWorkers } from "../engine/tasks.ts";
import { UsageError } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { MergePlan, MethodModule } from "../plan/types.ts";
import { loadMethodModules } from "../plugins/load.ts";

/** Merge methods beside the built-in ones, and where those come from that the recipe names. */
export interface OwnMethods {
  readonly methods: readonly AnyMethod[];
  readonly methodModules?: readonly MethodModule[];
}

/** The caller's methods and those of the recipe's modules, whose code runs here. */
export async function ownMethods(
  paths: readonly string[],
  folder: string,
  given: readonly AnyMethod[] = [],
): Promise<OwnMethods> {
  if (paths.length === 0) return { methods: given };
  const loaded = await loadMethodModules(paths, folder);
  return {
    methods: [...given, ...loaded.flatMap(({ methods }) => methods)],
    methodModules: loaded.map(({ module }) => module),
  };
}

/** Refuses what only a worker can do from methods that were handed over as objects: threads share no functions. */
export function checkPlaces(plan: MergePlan, methods: readonly AnyMethod[]): void {
  for (const tensor of plan.tensors) {
    if (tensor.action !== "merge" || runsInWorkers(tensor.method, plan)) continue;
    const tiles = methods.some(({ name, combine }) => name === tensor.method && combine !== undefined);
    const split = tensor.granularity === "row" || tensor.granularity === "column";
    if (!tiles && !split) continue;
    const what = tiles ? "has combine" : `asks for granularity ${tensor.granularity}`;
    throw new UsageError(
      "USAGE",
      `${tensor.method} ${what}, so it runs in worker threads, which cannot be handed a function`,
      {
        where: tensor.method,
        hint: "Export it from a module, name that under methods: in the recipe, and set allowCode.",
      },
    );
  }
}
