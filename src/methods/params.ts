/** A value of a parameter, once gradients and filters are resolved. */
export type ParameterValue = number | boolean | string;

export type ParameterScope = "global" | "model";

interface SpecBase<T extends ParameterValue> {
  /** One sentence for docs, schema and `stockpot methods`. */
  readonly doc: string;
  /** Absent: the parameter is required. */
  readonly default?: T;
  /** Accepted for mergekit's sake; the sentence says why it changes nothing. */
  readonly noEffect?: string;
  /** A flag beside which, where it is true, any value of this parameter changes nothing. */
  readonly idleBeside?: string;
}

export interface NumberSpec extends SpecBase<number> {
  readonly type: "number" | "integer";
  /** Inclusive bounds. */
  readonly minimum?: number;
  readonly maximum?: number;
}
export interface BooleanSpec extends SpecBase<boolean> {
  readonly type: "boolean";
}
export interface ChoiceSpec<T extends string = string> extends SpecBase<T> {
  readonly type: "choice";
  readonly choices: readonly T[];
}
export type ParameterSpec = (NumberSpec | BooleanSpec | ChoiceSpec) & {
  readonly scope: ParameterScope;
  /** Required or defaulted by the descriptor, but allowed to be absent (its value is then undefined). */
  readonly optional?: boolean;
};
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

type ValueOf<S> = S extends { type: "boolean" }
  ? boolean
  : S extends { type: "choice"; choices: readonly (infer C)[] }
    ? C
    : number;
type MaybeOptional<S, V> = S extends { optional: true } ? V | undefined : V;

/** What `solve` sees: a value for a global parameter, one value per input (base left out) for a model parameter. */
export type ParameterValues<P extends ParameterSpecs> = {
  readonly [K in keyof P]: P[K]["scope"] extends "model"
    ? readonly MaybeOptional<P[K], ValueOf<P[K]>>[]
    : MaybeOptional<P[K], ValueOf<P[K]>>;
};

export const number = <const O extends Omit<NumberSpec, "type">>(options: O) =>
  ({ type: "number", scope: "global", ...options }) as const;

export const integer = <const O extends Omit<NumberSpec, "type">>(options: O) =>
  ({ type: "integer", scope: "global", ...options }) as const;

export const flag = <const O extends Omit<BooleanSpec, "type">>(options: O) =>
  ({ type: "boolean", scope: "global", ...options }) as const;

export const oneOf = <const C extends string>(
  choices: readonly C[],
  options: Omit<ChoiceSpec<C>, "type" | "choices">,
) => ({ type: "choice", scope: "global", choices, ...options }) as const;

/** Makes a parameter one value per model instead of one per tensor. */
export const perModel = <const S extends ParameterSpec>(spec: S) =>
  ({ ...spec, scope: "model" }) as Omit<S, "scope"> & { readonly scope: "model" };

/** Makes a parameter that may be absent altogether. */
export const optional = <const S extends ParameterSpec>(spec: S) =>
  ({ ...spec, optional: true }) as S & { readonly optional: true };
