import { stat } from "node:fs/promises";
import type { MadeBy, MergePlan } from "../plan/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import type { Step } from "./plan-step.ts";

/** A model with the times of those of its files that are here, by which a change would be noticed. */
export async function withTimes(model: ModelHeaders): Promise<ModelHeaders> {
  const files = await Promise.all(
    model.files.map(async (file) => {
      const stats = await stat(file.path).catch(() => undefined); // Streamed: it is not stored.
      return stats === undefined ? file : { ...file, modifiedMs: stats.mtimeMs };
    }),
  );
  return { ...model, files };
}

/** A step that reads some of its models where they are now. */
export function withModels<S extends Step>(step: S, now: ReadonlyMap<string, ModelHeaders>): S {
  const models = new Map([...step.models].map(([name, headers]) => [name, now.get(name) ?? headers]));
  const plan = {
    ...step.plan,
    models: step.plan.models.map((model) => {
      const found = now.get(model.reference);
      return found === undefined ? model : { ...model, location: found.location, files: found.files };
    }),
  };
  return { ...step, models, plan };
}

/** A plan some of whose models are computed by others' plans while it reads them; `made` is by name. */
export function withMadeBy(plan: MergePlan, made: ReadonlyMap<string, MadeBy>): MergePlan {
  return {
    ...plan,
    models: plan.models.map((model) => {
      const madeBy = made.get(model.reference);
      return madeBy === undefined ? model : { ...model, files: [], madeBy };
    }),
  };
}
