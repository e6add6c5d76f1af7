import type { Position, Problem } from "../errors.ts";
import type { ParameterValue } from "../methods/params.ts";
import type { FloatDtype } from "../tensor/dtype.ts";
import type { ModelReference } from "../sources/types.ts";

export type { ParameterValue } from "../methods/params.ts";

/** A value, or a list of values spread over the layers of a slice. */
export type PlainSetting = ParameterValue | readonly ParameterValue[];

/** One entry of a conditional list: applies where `filter` (absent or "*": everywhere) is a substring of the name. */
export interface ConditionalSetting {
  readonly filter?: string;
  readonly value: PlainSetting;
}

export interface Setting {
  readonly value: PlainSetting | { readonly conditions: readonly ConditionalSetting[] };
  readonly position: Position;
}

export type Settings = ReadonlyMap<string, Setting>;

export interface RecipeSource {
  readonly model: ModelReference;
  /** Half-open [start, end); absent: all layers of the model. */
  readonly layerRange?: readonly [number, number];
  readonly parameters: Settings;
  readonly position: Position;
}

export interface RecipeSlice {
  readonly sources: readonly RecipeSource[];
  readonly baseModel?: ModelReference;
  readonly parameters: Settings;
  readonly position: Position;
}

/** Method and parameters of the tensors that it matches; the first override that matches wins. */
export interface Override {
  /** Globs over output tensor names: `*` within and across dots, `?` one character. */
  readonly tensors?: readonly string[];
  /** Half-open range of output layers. */
  readonly layers?: readonly [number, number];
  /** Absent: the recipe's method, with other parameters. */
  readonly mergeMethod?: string;
  /** Restricts the inputs to this one model (passthrough of one model's tensor). */
  readonly model?: ModelReference;
  readonly parameters: Settings;
  readonly position: Position;
}

/**
 * A checked recipe. `models` of the file have become one slice over all layers (`layerRange` absent), with the base
 * model appended as mergekit does when it is not listed.
 */
export interface Recipe {
  readonly file: string;
  /** The text as read, carried into the output. */
  readonly text: string;
  readonly mergeMethod: string;
  readonly baseModel?: ModelReference;
  readonly slices: readonly RecipeSlice[];
  /** True if the file had `slices`, false if it had `models`. */
  readonly sliced: boolean;
  readonly parameters: Settings;
  /** Dtype the merge computes for; also the output's unless `outDtype` is given. */
  readonly dtype?: FloatDtype;
  readonly outDtype?: FloatDtype;
  /** Seed of the random methods. */
  readonly seed?: number;
  readonly overrides: readonly Override[];
}

export interface ParsedRecipe {
  readonly recipe: Recipe;
  /** What is doubtful but does not stop the merge; errors are thrown. */
  readonly warnings: readonly Problem[];
}
