import type { Position } from "../errors.ts";
import type { ParameterValue, RuleLevel } from "../recipe/types.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { TensorKind } from "../tensor/names.ts";
import type { Shape } from "../tensor/shape.ts";

/** A fact and the rule of the recipe that it comes from. */
interface Explained<T> {
  readonly value: T;
  /** In words. */
  readonly why: string;
  /** Where the rule stands; absent for defaults and for what follows from the models. */
  readonly position?: Position;
}

export interface ExplainedParameter extends Explained<ParameterValue> {
  readonly name: string;
  readonly level: RuleLevel;
}

export interface ExplainedInput {
  readonly role: "base" | "input" | "left out";
  readonly model: string;
  /** Its name there. */
  readonly tensor: string;
  /** Absent for a tensor that the model lacks. */
  readonly dtype?: Dtype;
  readonly why: string;
  /** Where the model is listed. */
  readonly position: Position;
  readonly parameters: readonly ExplainedParameter[];
}

/** Why a tensor of the output is made as it is. */
export interface TensorExplanation {
  readonly tensor: string;
  readonly shape: Shape;
  readonly kind: TensorKind;
  readonly layer?: number;
  readonly action: "merge" | "copy";
  /** Where gradients are evaluated, from 0 at the first layer of the slice to 1 at the last. */
  readonly t: number;
  readonly module?: Explained<string>;
  /** Of the layers, for a recipe with slices. */
  readonly slice?: Explained<string>;
  readonly method: Explained<string>;
  readonly dtype: Explained<Dtype>;
  readonly inputs: readonly ExplainedInput[];
  /** Of the tensor as a whole. */
  readonly parameters: readonly ExplainedParameter[];
}
