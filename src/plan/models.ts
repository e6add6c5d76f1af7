import { PlanError } from "../errors.ts";
import type { Recipe } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { JsonObject, JsonValue, ModelHeaders, ModelReference } from "../sources/types.ts";
import type { Findings } from "./findings.ts";

/** Position of the donor in every table: the base if there is one, else the first model of the recipe. */
export const DONOR = 0;

/** Every model that a recipe names, once: the base, then the others in the order in which they are named first. */
export function referencedModels(recipe: Recipe): ModelReference[] {
  const first = recipe.baseModel === undefined ? [] : [recipe.baseModel];
  const listed = recipe.slices.flatMap((slice) => slice.sources.map((source) => source.model));
  const overriding = recipe.overrides.flatMap(({ model }) => model ?? []);
  const all = [...first, ...listed, ...basesOf(recipe), ...overriding];
  return [...new Map(all.map((model) => [referenceText(model), model])).values()];
}

function basesOf(recipe: Recipe): ModelReference[] {
  const sliceBases = recipe.slices.map((slice) => slice.baseModel);
  return [recipe.baseModel, ...sliceBases].filter((model) => model !== undefined);
}

/** The models of a recipe in the order of the plan, with their headers. */
export class ModelTable {
  readonly headers: readonly ModelHeaders[];
  readonly #positions: ReadonlyMap<string, number>;
  /** Texts of the references that are a base anywhere. */
  readonly #bases: ReadonlySet<string>;

  constructor(recipe: Recipe, models: ReadonlyMap<string, ModelHeaders>) {
    const names = referencedModels(recipe).map(referenceText);
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

/** A value of config.json; never one from a prototype. */
export function configValue(config: JsonObject | undefined, key: string): JsonValue | undefined {
  return config !== undefined && Object.hasOwn(config, key) ? config[key] : undefined;
}

function architectureOf(model: ModelHeaders): string | undefined {
  const list = configValue(model.config, "architectures");
  const first = Array.isArray(list) ? list[0] : undefined;
  return typeof first === "string" ? first : undefined;
}

/** Different architectures are doubtful, not wrong: the tensors decide. */
export function checkArchitectures(table: ModelTable, findings: Findings): void {
  const donor = table.at(DONOR);
  const expected = architectureOf(donor);
  for (const model of table.headers) {
    const found = architectureOf(model);
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
