import { PlanError } from "../errors.ts";
import { basesOf, referencedModels } from "../recipe/references.ts";
import type { Recipe } from "../recipe/types.ts";
import { architecturesOf } from "../sources/config.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelHeaders, ModelReference } from "../sources/types.ts";
import type { Findings } from "./findings.ts";

/** Position of the donor in every table: the base if there is one, else the first model of the recipe. */
export const DONOR = 0;

/** The models of a recipe in the order of the plan, with their headers. */
export class ModelTable {
  readonly headers: readonly ModelHeaders[];
  /** As the recipe writes them. */
  readonly references: readonly ModelReference[];
  readonly #positions: ReadonlyMap<string, number>;
  /** Texts of the references that are a base anywhere. */
  readonly #bases: ReadonlySet<string>;

  constructor(recipe: Recipe, models: ReadonlyMap<string, ModelHeaders>) {
    this.references = referencedModels(recipe);
    const names = this.references.map(referenceText);
    this.#bases = new Set(basesOf(recipe).map(referenceText));
    this.#positions = new Map(names.map((name, position) => [name, position]));
    this.headers = names.map((name) => {
      const found = models.get(name);
      if (found === undefined) throw new PlanError("INTERNAL", `no headers were given for model "${name}"`);
      return found;
    });
  }

  position(model: ModelReference): number {
    return this.#positions.get(referenceText(model)) ?? DONOR;
  }

  isBase(position: number): boolean {
    return this.#bases.has(this.at(position).reference);
  }

  at(position: number): ModelHeaders {
    const headers = this.headers[position];
    if (headers === undefined) throw new PlanError("INTERNAL", `there is no model ${position}`);
    return headers;
  }
}

/** Different architectures are doubtful, not wrong: the tensors decide. */
export function checkArchitectures(table: ModelTable, findings: Findings): void {
  const donor = table.at(DONOR);
  const architectureOf = (position: number) =>
    table.references[position]?.overrideArchitecture ?? architecturesOf(table.at(position).config)[0];
  const expected = architectureOf(DONOR);
  for (const [position, model] of table.headers.entries()) {
    const found = architectureOf(position);
    if (expected === undefined || found === undefined || found === expected) continue;
    findings.add(`architecture|${found}`, model.reference, {
      code: "PLAN_ARCHITECTURE",
      severity: "warning",
      sentence: (models) =>
        `The architecture of ${models} is ${found}, that of "${donor.reference}" is ${expected}.`,
      hint: "The output gets the config of the base (without one: of the first model); make sure that this is meant.",
    });
  }
}
