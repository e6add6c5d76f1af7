import type { AnyMethod, SolveContext } from "../methods/define.ts";
import type { ParameterSpecs } from "../methods/params.ts";
import type { Gram, StatisticRequest } from "../methods/statistics.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import type { GramSums, PassRequest, PassResult } from "./requests.ts";

export type Numbers = Readonly<Record<string, number>>;
/** What a solution may depend on beside the unit: the same for the whole plan. */
export type ProgramSettings = Pick<MergePlan, "seed">;
export type Program = Generator<PassRequest, Numbers, PassResult>;

/**
 * Measure, solve, combine: what is done to one unit (a tensor, a row, the tensors of a layer) of `count` elements, as
 * the sequence of its passes. It yields a pass, is resumed with the pass's result, and returns the numbers to report.
 * Whoever runs it decides where the passes run.
 */
export function* program(
  method: AnyMethod,
  tensor: PlannedTensor,
  count: number,
  settings: ProgramSettings,
): Program {
  if (tensor.action === "copy") {
    yield { kind: "copy" };
    return {};
  }
  const context = solveContext(method, tensor, count, settings);
  const measured: Record<string, unknown> = {};
  for (const [name, request] of requestsOf(method, context)) {
    const sums = (yield { kind: "gram", space: request.space }) as GramSums;
    measured[name] = { ...sums, elementCount: count } satisfies Gram;
  }
  const solution = method.solve(context, measured as never);
  yield { kind: "linear", combination: solution.combination };
  return solution.report ?? {};
}

type Context = SolveContext<ParameterSpecs>;

/** The statistics that the method asks for, by the names it gives them. */
export function requestsOf(method: AnyMethod, context: Context): readonly [string, StatisticRequest][] {
  const measure = method.measure as ((asked: Context) => Record<string, StatisticRequest>) | undefined;
  return Object.entries(measure?.(context) ?? {});
}

/** What the method knows of a unit of `count` elements. */
export function solveContext(
  method: AnyMethod,
  tensor: PlannedTensor,
  count: number,
  { seed }: ProgramSettings,
): Context {
  const parameters: Record<string, unknown> = {};
  const specs = method.parameters as ParameterSpecs;
  for (const [name, spec] of Object.entries(specs)) {
    parameters[name] =
      spec.scope === "model" ? tensor.inputs.map((input) => input.parameters[name]) : tensor.parameters[name];
  }
  return {
    n: tensor.inputs.length,
    parameters: parameters as SolveContext<ParameterSpecs>["parameters"],
    shape: tensor.shape,
    elementCount: count,
    tensor: tensor.name,
    ...(tensor.layer === undefined ? {} : { layer: tensor.layer }),
    ...(tensor.layerCount === undefined ? {} : { layerCount: tensor.layerCount }),
    seed,
    hasBase: tensor.base !== undefined,
  };
}
