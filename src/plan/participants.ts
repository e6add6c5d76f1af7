import { PlanError } from "../errors.ts";
import type { Position } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import { nearestName } from "../nearest.ts";
import type { Override, RecipeSource } from "../recipe/types.ts";
import { referenceText } from "../sources/types.ts";
import type { ModelReference } from "../sources/types.ts";
import type { PlanContext } from "./context.ts";
import type { Row } from "./row.ts";
import { overrideFor } from "./overrides.ts";

/** A model that takes part in a tensor. */
export interface Participant {
  /** Position in the table of models. */
  readonly model: number;
  readonly source: RecipeSource;
  /** Name of the tensor in this model. */
  readonly name: string;
}

export interface Participants {
  readonly method: AnyMethod;
  readonly override: Override | undefined;
  /** Apart from the inputs; absent where the method ignores it or there is none. */
  readonly base: Participant | undefined;
  /** In recipe order. */
  readonly inputs: readonly Participant[];
}

export function methodNamed(name: string, methods: readonly AnyMethod[]): AnyMethod {
  const method = methods.find((each) => each.name === name);
  if (method !== undefined) return method;
  const known = methods.map((each) => each.name);
  throw new PlanError("RECIPE_UNKNOWN_METHOD", `There is no merge method "${name}".`, {
    hint: `Use ${nearestName(name, known) ?? `one of ${known.join(", ")}`}.`,
  });
}

/**
 * Which method runs at a tensor, and over which models. In an override to a method that ignores the base, a base that
 * the recipe's own method keeps apart stays out: it is no fine-tuned model. `model` can still name it.
 */
export function participantsOf(row: Row, context: PlanContext): Participants {
  const { recipe, options } = context;
  const override = overrideFor(recipe.overrides, row);
  const method =
    override?.mergeMethod === undefined ? context.method : methodNamed(override.mergeMethod, options.methods);
  const listed = row.slice.sources.map((source, at): Participant => {
    return { model: context.table.position(source.model), source, name: row.sourceNames[at] ?? row.name };
  });
  const baseReference = row.slice.baseModel ?? recipe.baseModel;
  const base = baseReference && participant(baseReference, listed, row, row.slice.position, context);
  const isBase = (each: Participant) => each.model === base?.model;
  const awareOfBase = method.base !== "ignored";
  const leftOut = awareOfBase || (override !== undefined && context.method.base !== "ignored");
  const inputs = leftOut ? listed.filter((each) => !isBase(each)) : listed;
  const apart = awareOfBase ? base : undefined;
  if (override?.model === undefined) return { method, override, base: apart, inputs };
  const only = participant(override.model, listed, row, override.position, context);
  return { method, override, base: apart, inputs: apart !== undefined && isBase(only) ? [] : [only] };
}

/** A model as the slice lists it, or, for one that it does not list, under the output's name. */
function participant(
  reference: ModelReference,
  listed: readonly Participant[],
  row: Row,
  position: Position,
  { table }: PlanContext,
): Participant {
  const model = table.position(reference);
  const found = listed.find((each) => each.model === model);
  return found ?? { model, source: { model: reference, parameters: new Map(), position }, name: row.name };
}

export function referenceOf({ source }: Participant): string {
  return referenceText(source.model);
}
