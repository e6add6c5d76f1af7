import type { Combination, LinearCombination } from "../../src/methods/combination.ts";
import type { AnyMethod, SolveContext, Solution } from "../../src/methods/define.ts";
import type { ParameterSpecs } from "../../src/methods/params.ts";
import type { Gram, GramRequest, VectorSpace } from "../../src/methods/statistics.ts";
import { gramOf } from "./gram-of.ts";

type Vector = readonly number[];

export function linearOf(combination: Combination): LinearCombination {
  if (combination.kind !== "linear") throw new Error(`a ${combination.kind} combination`);
  return combination;
}

/** What the engine makes of a combination, in plain f64 and element by element. */
export function evaluate(
  combination: Combination,
  base: Vector | undefined,
  inputs: readonly Vector[],
): number[] {
  const { anchor, scale, baseCoefficient, coefficients } = linearOf(combination);
  const a = anchor === "base" ? base : inputs[anchor];
  if (a === undefined) throw new Error("the anchor takes no part");
  return a.map((value, k) => {
    let out = scale * value + (baseCoefficient === 0 ? 0 : baseCoefficient * ((base?.[k] ?? NaN) - value));
    inputs.forEach((x, i) => {
      if (i !== anchor) out += (coefficients[i] ?? NaN) * ((x[k] ?? NaN) - value);
    });
    return out;
  });
}

/** Gathers what the method measures, solves, and returns its solution with the output. */
export function run(
  method: AnyMethod,
  parameters: Record<string, unknown>,
  base: Vector | undefined,
  inputs: readonly Vector[],
): Solution & { out: number[] } {
  const length = inputs[0]?.length ?? base?.length ?? 0;
  const context: SolveContext<ParameterSpecs> = {
    n: inputs.length,
    parameters: parameters as SolveContext<ParameterSpecs>["parameters"],
    shape: [length],
    elementCount: length,
    tensor: "x",
    seed: 0,
    hasBase: base !== undefined,
  };
  const measured: Record<string, Gram> = {};
  for (const [name, request] of Object.entries(method.measure?.(context) ?? {})) {
    measured[name] = gramOf(vectorsOf((request as GramRequest).space, base, inputs));
  }
  const solution = method.solve?.(context, measured);
  if (solution === undefined) throw new Error(`${method.name} solves nothing`);
  return { ...solution, out: evaluate(solution.combination, base, inputs) };
}

function vectorsOf(
  space: VectorSpace,
  base: Vector | undefined,
  inputs: readonly Vector[],
): readonly Vector[] {
  if (space === "weights") return base === undefined ? inputs : [base, ...inputs];
  const origin = space === "taskVectors" ? base : inputs[0];
  return inputs.map((x) => x.map((value, k) => value - (origin?.[k] ?? NaN)));
}
