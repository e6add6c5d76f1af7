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

/** Where a parameter's value stands, in the order of precedence. */
export type RuleLevel = "override" | "source" | "slice" | "module" | "recipe" | "default";

/** A parameter's value at a tensor, and the rule that gave it. */
export interface FoundValue {
  readonly value: ParameterValue;
  readonly level: RuleLevel;
  /** Absent for a default. */
  readonly setting?: Setting;
  /** The entry of the setting whose filter applied. */
  readonly entry?: ConditionalSetting;
}

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

/** A part of the network with slices of its own, or the whole network. */
export interface RecipeModule {
  /** Its name under `modules`; absent for the models or slices of the recipe itself. */
  readonly name?: string;
  /** `models` of the file have become one slice over all layers (`layerRange` absent). */
  readonly slices: readonly RecipeSlice[];
  /** True if the file had `slices`, false if it had `models`. */
  readonly sliced: boolean;
  /** Parameters between those of a slice and the recipe's own; empty for the whole network. */
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

/** Where the row of a token comes from for models that lack it. */
export type TokenSource =
  | { readonly kind: "zero" }
  /** The row of the same token in one model. */
  | { readonly kind: "model"; readonly model: ModelReference }
  /** The row of another token of one model, by its text or its id. */
  | { readonly kind: "model_token"; readonly model: ModelReference; readonly token: string | number };

export interface TokenSetting {
  /** Absent: the default rule. */
  readonly source?: TokenSource;
  /** Models that have the token get the source's row, too. */
  readonly force: boolean;
}

/** `tokenizer`, or `tokenizer_source` as one without tokens. */
export interface TokenizerSetting {
  readonly source: "union" | "base" | { readonly model: ModelReference };
  readonly tokens: ReadonlyMap<string, TokenSetting>;
  readonly padToMultipleOf?: number;
  readonly position: Position;
}

/** How to score a recipe's result: on labelled data, or by a program that prints JSON. */
export type EvaluateSetting =
  | {
      readonly kind: "data";
      /** As written: from the working directory or the recipe's folder. */
      readonly data: string;
      /** None: all but the training set. */
      readonly splits: readonly string[];
      readonly batch?: number;
      readonly head?: string;
      readonly position: Position;
    }
  | {
      readonly kind: "command";
      /** `{model}` stands for the model's folder. */
      readonly command: readonly string[];
      /** Keys of the JSON joined by dots; none: all numbers. */
      readonly metrics: readonly string[];
      readonly timeoutSeconds: number;
      readonly environment: Readonly<Record<string, string>>;
      readonly folder?: string;
      readonly log?: string;
      readonly position: Position;
    };

/** A checked recipe, with the base model appended to `models` as mergekit does when it is not listed. */
export interface Recipe {
  readonly file: string;
  /** The file's text as read. */
  readonly text: string;
  /** The part of it that is this recipe; all of it if there is no other. */
  readonly documentText: string;
  /** How other recipes of the file name its result. */
  readonly name?: string;
  readonly mergeMethod: string;
  /** Where it is named; absent for the default. */
  readonly methodPosition?: Position;
  readonly baseModel?: ModelReference;
  /** The parts of the network; a single one without a name unless the file had `modules`. */
  readonly modules: readonly RecipeModule[];
  readonly parameters: Settings;
  /** Dtype the merge computes for; also the output's unless `outDtype` is given. */
  readonly dtype?: FloatDtype;
  readonly outDtype?: FloatDtype;
  /** Seed of the random methods. */
  readonly seed?: number;
  readonly overrides: readonly Override[];
  readonly tokenizer?: TokenizerSetting;
  readonly evaluate?: EvaluateSetting;
  /** "auto", the name of a built-in template, or a template itself. */
  readonly chatTemplate?: { readonly template: string; readonly position: Position };
}

/** A recipe whose result others of the file take as a model. */
export type NamedRecipe = Recipe & { readonly name: string };

/** A file's recipes: the output's, and those whose results it is made from. */
export interface ParsedRecipes {
  /** In an order in which each comes after those that it uses. */
  readonly intermediates: readonly NamedRecipe[];
  readonly output: Recipe;
  /** What is doubtful but does not stop the merge; errors are thrown. */
  readonly warnings: readonly Problem[];
}

export interface ParsedRecipe {
  readonly recipe: Recipe;
  /** What is doubtful but does not stop the merge; errors are thrown. */
  readonly warnings: readonly Problem[];
}
