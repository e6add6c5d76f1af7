import type { ParameterSpecs, ParameterValues } from "./params.ts";
import type { Combination } from "./combination.ts";
import type { StatisticRequests, StatisticResults } from "./statistics.ts";
import type { Shape } from "../tensor/shape.ts";

/**
 * The unit that shares one solution: the whole tensor, each row (last axis), each column (first axis), all tensors of
 * a layer, or all tensors of the model.
 */
export type Granularity = "tensor" | "row" | "column" | "layer" | "model";

/** What a method knows of the unit that it solves. */
export interface SolveContext<P extends ParameterSpecs> {
  /** Inputs without the base. */
  readonly n: number;
  readonly parameters: ParameterValues<P>;
  readonly shape: Shape;
  /** Elements of the unit. */
  readonly elementCount: number;
  readonly tensor: string;
  /** Number of the tensor's layer in the output, counted from 0; absent outside layers. */
  readonly layer?: number;
  /** Layers of the stack that the layer is in; absent outside layers. */
  readonly layerCount?: number;
  /** What random draws are keyed by, beside tensor, model and element. */
  readonly seed: number;
  /** True if the base takes part in this unit. */
  readonly hasBase: boolean;
}

export interface Solution {
  readonly combination: Combination;
  /** Numbers worth showing (angle in degrees, t); aggregated over rows by the engine. */
  readonly report?: Readonly<Record<string, number>>;
}

/** f32, or f64 if the result or an input is F64. */
export type TileValues = Float32Array | Float64Array;

/** The same elements of all inputs, at most 4,096 that follow each other; copies, which a method may change. */
export interface Tile {
  /** Empty where no base takes part. */
  readonly base: TileValues;
  /** In the order of the recipe, without the base. */
  readonly inputs: readonly TileValues[];
  readonly length: number;
  /** Position of the first element in the tensor, row by row. */
  readonly begin: number;
}

interface MethodFacts<P extends ParameterSpecs, Q extends StatisticRequests, R extends StatisticRequests> {
  /** mergekit's spelling where mergekit has the method. */
  readonly name: string;
  readonly title: string;
  /** One sentence: what it does and when to use it. */
  readonly summary: string;
  readonly formula: string;
  readonly reference?: { readonly title: string; readonly url: string };
  /** Two or three sentences for the method's page: when to use, where it breaks. */
  readonly details?: string;
  /**
   * "required": the base is apart from the inputs. "optional": apart if given. "ignored": a base that is listed, or
   * appended because it is not, is an input like any other.
   */
  readonly base: "required" | "optional" | "ignored";
  /** Allowed number of inputs, the base not counted (for "ignored": counted, when listed or appended). */
  readonly models: { readonly min: number; readonly max?: number };
  readonly parameters: P;
  /**
   * What to do at a tensor that the base has but too few of the models: "base" gives the base's tensor; "only" the
   * single one that is left; "error" refuses.
   */
  readonly whenMissing: "base" | "only" | "error";
  /** The result does not depend on the order of the inputs (when their parameters move along). */
  readonly symmetric: boolean;
  /** The result depends on the seed. */
  readonly random?: boolean;
  readonly granularity?: (parameters: ParameterValues<P>) => Granularity;
  /** True if these parameters hand the only input through unchanged, so that bytes can be copied. */
  readonly isCopy?: (parameters: ParameterValues<P>) => boolean;
  /** Checks across parameters; returns what is wrong, in words. Called at planning. */
  readonly check?: (parameters: ParameterValues<P>, n: number) => string | undefined;
  /** Statistics to gather before solving; absent: none, and no extra pass over the data. */
  readonly measure?: (context: SolveContext<P>) => Q;
  /** Statistics that depend on those of `measure`, gathered after them. */
  readonly refine?: (context: SolveContext<P>, measured: StatisticResults<Q>) => R;
}

/** What a method may use of one unit: the results of `measure` and of `refine`, by their names. */
export type Measured<Q extends StatisticRequests, R extends StatisticRequests> = StatisticResults<Q> &
  StatisticResults<R>;

/** A method whose result is a combination with coefficients, or one of the elementwise ones. */
export interface MergeMethod<
  P extends ParameterSpecs = ParameterSpecs,
  Q extends StatisticRequests = StatisticRequests,
  R extends StatisticRequests = StatisticRequests,
> extends MethodFacts<P, Q, R> {
  readonly solve: (context: SolveContext<P>, measured: Measured<Q, R>) => Solution;
  readonly combine?: undefined;
}

/** A method that computes the elements of the result itself; only from a module, since it runs in the workers. */
export interface TileMethod<
  P extends ParameterSpecs = ParameterSpecs,
  Q extends StatisticRequests = StatisticRequests,
  R extends StatisticRequests = StatisticRequests,
> extends MethodFacts<P, Q, R> {
  /** Returns one number for each element of the tile; must follow from its arguments alone. */
  readonly combine: (tile: Tile, context: SolveContext<P>, measured: Measured<Q, R>) => ArrayLike<number>;
  readonly solve?: undefined;
}

/** States a merge method; the types of its parameters and statistics follow from what it declares. */
export function defineMethod<
  const P extends ParameterSpecs,
  Q extends StatisticRequests = Record<never, never>,
  R extends StatisticRequests = Record<never, never>,
>(method: MergeMethod<P, Q, R>): MergeMethod<P, Q, R>;
export function defineMethod<
  const P extends ParameterSpecs,
  Q extends StatisticRequests = Record<never, never>,
  R extends StatisticRequests = Record<never, never>,
>(method: TileMethod<P, Q, R>): TileMethod<P, Q, R>;
export function defineMethod(method: AnyMethod): AnyMethod {
  return method;
}

/** A method whose own parameter types are no longer of interest: what registry, planner and engine pass around. */
/* eslint-disable @typescript-eslint/no-explicit-any -- the parameter types are invariant; erased on purpose */
export type AnyMethod = MergeMethod<any, any, any> | TileMethod<any, any, any>;
