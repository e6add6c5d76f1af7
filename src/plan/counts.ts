import type { PlanContext } from "./context.ts";
import type { Row } from "./row.ts";
import { referenceOf } from "./participants.ts";
import type { Participants } from "./participants.ts";

/** "base" and "only": the tensor is taken as it is from the base, or from the single model that has it. */
export type Verdict = "merge" | "base" | "only" | "error";

export interface Present {
  readonly base: boolean;
  readonly inputs: number;
}

/** Whether a method has the models that it needs, whatever tensors they have; reports it if not. */
export function hasItsModels(who: Participants, row: Row, context: PlanContext): boolean {
  const { method, base, inputs } = who;
  if (method.base === "required" && base === undefined) {
    const hint = "Set base_model to the model that the others were fine-tuned from.";
    refuse(who, row, context, `${method.name} needs a base model, and the recipe has none`, hint);
  } else if (base !== undefined && row.module.sliced && !isListed(who, row)) {
    const hint = "List the base as a source of every slice, with the layers that the others are compared to.";
    const reason = `The base model ${referenceOf(base)} is not among the sources of a slice`;
    refuse(who, row, context, reason, hint);
  } else if (!fits(who, inputs.length)) {
    const given = inputs.length < 2 ? `${inputs.length || "none"} is given` : `${inputs.length} are given`;
    refuse(who, row, context, `${method.name} takes ${allowed(who)}, and ${given}`, cure(who));
  } else {
    return true;
  }
  return false;
}

/** What happens with the tensors that are there; an error is reported. */
export function settleCount(who: Participants, present: Present, row: Row, context: PlanContext): Verdict {
  const { method, base } = who;
  const baseFits = base === undefined || present.base;
  if (baseFits && fits(who, present.inputs)) return "merge";
  if (method.whenMissing === "base" && present.base) return "base";
  if (method.whenMissing === "only" && present.inputs + (present.base ? 1 : 0) === 1) return "only";
  // Whatever the method says: all that any model has was asked for.
  if (context.options.tensorSet === "union" && present.inputs + (present.base ? 1 : 0) === 1) return "only";
  const lacking = baseFits ? `only ${present.inputs} of the models have it` : "the base model lacks it";
  refuse(who, row, context, `${method.name} takes ${allowed(who)}, and ${lacking}`, cure(who));
  return "error";
}

function isListed({ base }: Participants, { slice }: Row): boolean {
  return slice.sources.some((source) => source === base?.source);
}

function fits({ method }: Participants, count: number): boolean {
  return count >= method.models.min && count <= (method.models.max ?? Infinity);
}

function allowed({ method }: Participants): string {
  const { min, max } = method.models;
  const beside = method.base === "ignored" ? "" : " beside the base";
  const number = max === min ? `exactly ${min}` : max === undefined ? `at least ${min}` : `${min} to ${max}`;
  return `${number} ${min === 1 && max === 1 ? "model" : "models"}${beside}`;
}

function cure({ override, method }: Participants): string {
  return override !== undefined && method.models.max === 1
    ? "Name the one model with `model` in the override."
    : "Change the list of models, or give these tensors another method with an override.";
}

function refuse(who: Participants, row: Row, { findings }: PlanContext, reason: string, hint: string): void {
  findings.add(`count|${reason}`, row.name, {
    code: "PLAN_MODEL_COUNT",
    severity: "error",
    sentence: (names) => `${reason} (at ${names}).`,
    position: who.override?.position ?? row.slice.position,
    hint,
  });
}
