import { join } from "node:path";
import type { MadeBy } from "../plan/types.ts";
import { smallFilesOf } from "../sink/small-files.ts";
import type { ModelHeaders } from "../sources/types.ts";
import type { Step } from "./plan-step.ts";
import type { IntermediateStep } from "./prepare.ts";
import { withMadeBy, withModels, withTimes } from "./step-models.ts";

/** Where the results of a file's recipes are that others take: in folders, or computed inside those others. */
export class Results {
  readonly #steps: readonly IntermediateStep[];
  /** Of those in folders, by name; without times until they are written. */
  readonly #folders: Map<string, ModelHeaders>;
  /** Of those inside that had to be measured, by name: the combinations of their tensors. */
  readonly #solved = new Map<string, NonNullable<MadeBy["solved"]>>();
  readonly #folderOf: (step: IntermediateStep) => string;

  constructor(steps: readonly IntermediateStep[], folderOf: (step: IntermediateStep) => string) {
    this.#steps = steps;
    this.#folderOf = folderOf;
    const inFolders = steps.filter(({ computed }) => computed === "folder");
    this.#folders = new Map(
      inFolders.map((step) => [step.recipe.name, placed(step.result, folderOf(step))] as const),
    );
  }

  /** A step as it will run. */
  planned<S extends Step>(step: S): S {
    const resolved = withModels(step, this.#folders);
    const made = this.#insideOf(step).map((each): [string, MadeBy] => {
      const { name } = each.recipe;
      return [name, { ...this.planned(each).plan, solved: this.#solved.get(name) ?? new Map() }];
    });
    return { ...resolved, plan: withMadeBy(resolved.plan, new Map(made)) };
  }

  /** A step whose models have all been written, those aside that are computed inside it. */
  async ready<S extends Step>(step: S): Promise<S> {
    const resolved = this.planned(step);
    const models = new Map(resolved.models);
    for (const each of this.#insideOf(step)) {
      const made = await this.ready(each);
      const files = await smallFilesOf(made.plan, { models: made.models, ownFiles: made.output.ownFiles });
      const contents = new Map(files.map(({ name, content }) => [name, content]));
      models.set(each.recipe.name, { ...each.result, files: [], contents });
    }
    return { ...resolved, models };
  }

  /** Takes note of a result that has been written. */
  async add(step: IntermediateStep): Promise<void> {
    this.#folders.set(step.recipe.name, await withTimes(placed(step.result, this.#folderOf(step))));
  }

  /** Takes note of the combinations of a result that was measured. */
  addSolved({ recipe }: IntermediateStep, solved: NonNullable<MadeBy["solved"]>): void {
    this.#solved.set(recipe.name, solved);
  }

  /** Names of the results that steps read, through others that are computed inside them too. */
  needed(steps: readonly Step[]): ReadonlySet<string> {
    return new Set(steps.flatMap((step) => [...step.models.keys(), ...this.needed(this.#insideOf(step))]));
  }

  #insideOf({ models }: Step): readonly IntermediateStep[] {
    return this.#steps.filter(({ recipe, computed }) => computed === "inside" && models.has(recipe.name));
  }
}

/** A planned result as it will be in a folder. */
function placed(result: ModelHeaders, folder: string): ModelHeaders {
  const files = result.files.map((file) => ({ ...file, path: join(folder, file.name) }));
  return { ...result, location: folder, files };
}
