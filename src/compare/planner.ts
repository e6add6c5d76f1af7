import { PlanError, problemOf, throwIfErrors } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import { checkPlaces } from "../merge/own-methods.ts";
import { planStep } from "../merge/plan-step.ts";
import type { Step } from "../merge/plan-step.ts";
import type { Prepared } from "../merge/prepare.ts";
import type { ModelTexts } from "../merge/tokenizers.ts";
import type { AnyMethod } from "../methods/define.ts";
import { methodByName } from "../methods/index.ts";
import type { PlanOptions } from "../plan/context.ts";
import type { Comparison } from "../recipe/comparison.ts";
import { referencedModels } from "../recipe/references.ts";
import type { Recipe } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders, ModelReference } from "../sources/types.ts";
import { listed } from "./names.ts";

/** A variant that can be made. */
export interface PreparedVariant {
  readonly name: string;
  readonly kind: "base" | "model" | "merge";
  readonly method?: string;
  readonly description: string;
  /** Short names of the models in it, the base aside. */
  readonly members: readonly string[];
  readonly source:
    | { readonly kind: "headers"; readonly headers: ModelHeaders }
    | { readonly kind: "step"; readonly step: Step }
    | { readonly kind: "file"; readonly prepared: Prepared };
}

interface Surroundings {
  readonly comparison: Comparison;
  /** By `referenceText`. */
  readonly headers: ReadonlyMap<string, ModelHeaders>;
  readonly texts: ReadonlyMap<string, ModelTexts>;
  /** Short names of base and models, by `referenceText`. */
  readonly names: ReadonlyMap<string, string>;
  readonly planning: PlanOptions;
  /** Beside the built-in ones. */
  readonly methods: readonly AnyMethod[];
}

/** Plans variants over models whose headers are known. */
export class Planner {
  readonly #of: Surroundings;
  readonly #errors: MergeError[] = [];

  constructor(surroundings: Surroundings) {
    this.#of = surroundings;
  }

  /** What is wrong is collected for `throwIfErrors`, and nothing returned. */
  attempt(recipe: Recipe): Step | undefined {
    const { headers, texts, planning, methods } = this.#of;
    const used = referencedModels(recipe).flatMap((each) => headers.get(referenceText(each)) ?? []);
    const models = new Map(used.map((each) => [each.reference, each]));
    const step = planStep(recipe, models, texts, planning, (error) => this.#errors.push(error));
    if (step !== undefined) checkPlaces(step.plan, methods);
    return step;
  }

  plan(recipe: Recipe): Step {
    const step = this.attempt(recipe);
    this.throwIfErrors();
    return step ?? unplanned();
  }

  throwIfErrors(): void {
    const [first] = this.#errors;
    if (first !== undefined && this.#errors.length === 1) throw first;
    const problems = this.#errors.flatMap((error) =>
      error.problems.length > 0 ? error.problems : [problemOf(error)],
    );
    throwIfErrors(problems, PlanError);
  }

  /** A merge under a name, unless it cannot be planned. */
  merge(name: string, recipe: Recipe, step = this.attempt(recipe)): PreparedVariant | undefined {
    if (step === undefined) return undefined;
    return { name, kind: "merge", ...this.describe(recipe), source: { kind: "step", step } };
  }

  /** The base or a model as a variant. */
  input(reference: ModelReference, kind: "base" | "model"): PreparedVariant {
    const { names, headers, comparison } = this.#of;
    const whole = referenceText(reference);
    const name = names.get(whole) ?? whole;
    const members = kind === "base" ? [] : [name];
    const facts = { name, kind, description: kind === "base" ? "the base" : "as it is", members };
    if (reference.lora === undefined)
      return { ...facts, source: { kind: "headers", headers: headers.get(whole) ?? unplanned() } };
    // A model with an adapter lies nowhere as such: it is its own soup.
    const step = this.plan(comparison.derive({ method: "uniform_soup", models: [reference] }));
    return { ...facts, source: { kind: "step", step } };
  }

  /** "Model Stock of ft1, ft2 and ft3" */
  describe(recipe: Recipe): Pick<PreparedVariant, "description" | "members"> & { readonly method: string } {
    const { names, comparison, methods } = this.#of;
    const own = referencedModels(recipe).map(referenceText);
    const base = referenceText(comparison.base);
    const members = own.flatMap((each) => (each === base ? [] : [names.get(each) ?? each]));
    const { title = recipe.mergeMethod } = methodByName(recipe.mergeMethod, methods) ?? {};
    const settings = [...recipe.parameters].map(([key, { value }]) => {
      return `${key} ${typeof value === "object" ? "by rule" : String(value)}`;
    });
    const shown = settings.length === 0 ? "" : ` (${settings.join(", ")})`;
    return { method: recipe.mergeMethod, members, description: `${title} of ${listed(members)}${shown}` };
  }
}

function unplanned(): never {
  throw new PlanError("INTERNAL", "A variant could not be planned");
}
