import type { Combination } from "../methods/combination.ts";
import type { AnyMethod, Solution, SolveContext } from "../methods/define.ts";
import type { ParameterSpecs } from "../methods/params.ts";
import { needsReading } from "../methods/statistics.ts";
import type { Gram, KeptSums, StatisticRequest, StatisticRequests } from "../methods/statistics.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { BitRooms, KeptBits } from "./kept-bits.ts";
import { measureMagnitudes } from "./magnitudes.ts";
import { placeMasks } from "./placement.ts";
import type { GramSums, PassRequest, PassResult, RangeSums } from "./requests.ts";

export type Numbers = Readonly<Record<string, number>>;

/** What a solution may depend on beside the unit: the same for the whole plan. */
export type ProgramSettings = Pick<MergePlan, "seed">;
export type Program = Generator<PassRequest, Numbers, PassResult>;

/** A unit to solve: a tensor, a row, or a group of tensors that share one solution (the first stands for all). */
export interface Unit {
  readonly method: AnyMethod;
  readonly tensor: PlannedTensor;
  /** Elements in all. */
  readonly count: number;
  /** True if its passes run over several ranges that do not know of one another. */
  readonly byRange: boolean;
}

export type Measure = (context: SolveContext<ParameterSpecs>, measured: object) => StatisticRequests;

/**
 * Measure, solve, combine: what is done to one unit, as the sequence of its passes. It yields a pass, is resumed with
 * the pass's result, and returns the numbers to report. Whoever runs it decides where the passes run.
 */
export function* program(unit: Unit, settings: ProgramSettings, rooms = new BitRooms()): Program {
  const { method, tensor } = unit;
  if (tensor.action === "copy") {
    yield { kind: "copy" };
    return {};
  }
  const context = solveContext(unit, settings);
  const measured: Record<string, unknown> = {};
  const bits = new KeptBits(tensor.shape, unit.count, rooms);
  for (const measure of [method.measure, method.refine] as readonly (Measure | undefined)[])
    for (const [name, request] of requestsOf(measure, context, measured))
      measured[name] = yield* gather(request, unit, bits);
  const { combination, report } = solutionOf(method, context, measured);
  yield* combine(combination, unit, bits);
  bits.release();
  return report ?? {};
}

/** The statistics that a method asks for, by the names it gives them. */
export function requestsOf(
  measure: Measure | undefined,
  context: SolveContext<ParameterSpecs>,
  measured: object = {},
): readonly [string, StatisticRequest][] {
  return Object.entries(measure?.(context, { ...measured }) ?? {});
}

/** What the method makes of a unit: its solution, or its own work on tiles. */
export function solutionOf(
  method: AnyMethod,
  context: SolveContext<ParameterSpecs>,
  measured: object,
): Solution {
  if (method.solve !== undefined) return method.solve(context, measured as never);
  return { combination: { kind: "tile", method: method.name, context, measured } };
}

function* gather(
  request: StatisticRequest,
  unit: Unit,
  bits: KeptBits,
): Generator<PassRequest, unknown, PassResult> {
  switch (request.kind) {
    case "gram": {
      const sums = (yield request) as GramSums;
      return { ...sums, elementCount: unit.count } satisfies Gram;
    }
    case "magnitudes":
      return yield* measureMagnitudes(request, unit.tensor, unit.count, unit.byRange);
    case "keptSums": {
      if (!needsReading(request)) return noSums(request.masks.length);
      const masks = yield* placeMasks(request.masks, request.maskedBy ?? "taskVectors", unit.byRange);
      const room = bits.roomFor(masks);
      const sums = (yield { ...request, masks, ...(room && { bits: room }) }) as RangeSums;
      bits.remember(masks, room, sums);
      return { all: sums.all, kept: sums.kept } satisfies KeptSums;
    }
    case "overlap":
      return yield request;
  }
}

function noSums(vectors: number): KeptSums {
  return { all: new Float64Array(vectors), kept: new Float64Array(vectors) };
}

function* combine(
  combination: Combination,
  unit: Unit,
  bits: KeptBits,
): Generator<PassRequest, void, PassResult> {
  if (combination.kind === "sparse") {
    const known = bits.complete(combination.masks);
    const masks = yield* placeMasks(known, combination.maskedBy ?? "taskVectors", unit.byRange);
    yield { ...combination, masks };
  } else {
    yield combination;
  }
}

/** What the method knows of the unit. */
export function solveContext(
  { method, tensor, count }: Unit,
  { seed }: ProgramSettings,
): SolveContext<ParameterSpecs> {
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
