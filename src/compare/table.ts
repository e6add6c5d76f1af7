import { requestsOf, solutionOf, solveContext } from "../engine/program.ts";
import type { Measure } from "../engine/program.ts";
import type { MeasuredTensor, Measurement } from "../engine/measure.ts";
import type { LinearCombination } from "../methods/combination.ts";
import type { AnyMethod } from "../methods/define.ts";
import { inner, squaredLength } from "../methods/gram.ts";
import { methodByName } from "../methods/index.ts";
import type { Gram } from "../methods/statistics.ts";
import type { MergePlan, PlannedInput, PlannedTensor } from "../plan/types.ts";
import { addGrams } from "./geometry.ts";

/** What was measured: the plan that was read, and its inner products. */
export interface Measured {
  readonly plan: MergePlan;
  readonly measurement: Measurement;
}

/** How one tensor follows from the inputs: copied, or with a coefficient for each of them. */
export type Entry = "copy" | LinearCombination;

/** A merge as coefficients, from what one measuring pass found. */
export interface CoefficientTable {
  readonly entries: ReadonlyMap<string, Entry>;
  /** L2 norms over all measured tensors; absent where the weights are scaled, which needs more than task vectors. */
  readonly distances?: { readonly toBase: number; readonly toSoup: number };
}

/**
 * Solves a plan from the measured inner products, without reading a weight. Undefined where a tensor needs more than
 * they tell: other statistics, rows or columns solved apart, elementwise combinations, F64, rows matched by token, adapters.
 */
export function solveTable(
  plan: MergePlan,
  measured: Measured,
  methods: readonly AnyMethod[],
): CoefficientTable | undefined {
  const names = new Map(measured.plan.tensors.map((tensor) => [tensor.name, tensor]));
  const units = unitsOf(plan);
  const entries = new Map<string, Entry>();
  const distances = new Distances();
  for (const tensors of units) {
    const parts = tensors.map((tensor): Part => {
      const known = names.get(tensor.name);
      const gram = measured.measurement.tensors.get(tensor.name);
      const at = known === undefined ? undefined : positionsOf(tensor, known, plan, measured.plan);
      return { tensor, gram, at };
    });
    const entry = solveUnit(parts, plan, methods);
    if (entry === undefined) return undefined;
    for (const part of parts) {
      entries.set(part.tensor.name, entry);
      distances.add(part, entry);
    }
  }
  return { entries, ...distances.result() };
}

interface Part {
  readonly tensor: PlannedTensor;
  readonly gram: MeasuredTensor | undefined;
  /** For each input its measured task vector, or "base"; undefined if one of them was not measured. */
  readonly at: readonly (number | "base")[] | undefined;
}

/** Tensors that share one solution stand together. */
function unitsOf(plan: MergePlan): PlannedTensor[][] {
  const groups = new Map<string, PlannedTensor[]>();
  const units: PlannedTensor[][] = [];
  for (const tensor of plan.tensors) {
    const { group, method, action } = tensor;
    const key = group === undefined || action === "copy" ? undefined : `${method}\n${group}`;
    const known = key === undefined ? undefined : groups.get(key);
    if (known !== undefined) {
      known.push(tensor);
      continue;
    }
    const unit = [tensor];
    units.push(unit);
    if (key !== undefined) groups.set(key, unit);
  }
  return units;
}

function positionsOf(
  tensor: PlannedTensor,
  known: PlannedTensor,
  plan: MergePlan,
  measured: MergePlan,
): (number | "base")[] | undefined {
  const same = (a: PlannedInput, b: PlannedInput | undefined) =>
    b !== undefined &&
    plan.models[a.model]?.reference === measured.models[b.model]?.reference &&
    a.tensor === b.tensor;
  if (tensor.base !== undefined && !same(tensor.base, known.base)) return undefined;
  const found = tensor.inputs.map((input) => {
    if (same(input, known.base)) return "base";
    const at = known.inputs.findIndex((each) => same(input, each));
    return at < 0 ? undefined : at;
  });
  return found.every((each) => each !== undefined) ? found : undefined;
}

/** Its elements lie in its file as they are: not put together by token, nothing added by an adapter. */
const isStored = ({ rows, lowRank }: PlannedInput) => rows === undefined && lowRank === undefined;

const isPlain = ({ base, inputs, dtype, granularity }: PlannedTensor) =>
  dtype !== "F64" &&
  granularity !== "row" &&
  granularity !== "column" &&
  [...(base === undefined ? [] : [base]), ...inputs].every(
    (input) => isStored(input) && input.dtype !== "F64",
  );

function solveUnit(
  parts: readonly Part[],
  plan: MergePlan,
  methods: readonly AnyMethod[],
): Entry | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const [only] = first.tensor.inputs;
  if (first.tensor.action === "copy") return only !== undefined && isStored(only) ? "copy" : undefined;
  const method = methodByName(first.tensor.method, methods);
  if (method === undefined || method.refine !== undefined || method.combine !== undefined) return undefined;
  if (!parts.every(({ tensor }) => isPlain(tensor))) return undefined;
  const count = parts.reduce((sum, { gram }) => sum + (gram?.elementCount ?? 0), 0);
  const context = solveContext({ method, tensor: first.tensor, count, byRange: false }, plan);
  const results: Record<string, Gram> = {};
  for (const [name, request] of requestsOf(method.measure as Measure | undefined, context)) {
    if (request.kind !== "gram" || request.space !== "taskVectors") return undefined;
    const grams = parts.map((part) => gramOf(part));
    if (grams.some((gram) => gram === undefined)) return undefined;
    results[name] = addGrams(
      grams.flatMap((gram) => gram ?? []),
      first.tensor.inputs.length,
    );
  }
  const { combination } = solutionOf(method, context, results);
  return combination.kind === "linear" ? combination : undefined;
}

/** The measured products in the order of the tensor's own inputs. */
function gramOf({ gram, at }: Part): Gram | undefined {
  if (gram === undefined || at === undefined) return undefined;
  const products = at.flatMap((i) => at.map((j) => (i === "base" || j === "base" ? 0 : inner(gram, i, j))));
  return { n: at.length, products: Float64Array.from(products), elementCount: gram.elementCount };
}

/** Coefficients that sum to anything further from 1 scale the base, whose length is not known. */
const SUM_TOLERANCE = 1e-9;

/** Sums up squared distances over tensors. */
class Distances {
  #toBase = 0;
  #toSoup = 0;
  #known = true;

  add({ tensor, gram, at }: Part, entry: Entry): void {
    // Tensors that are not measured are copied, or have no base and say nothing about distances.
    if (gram === undefined || !this.#known) return;
    const weights = at === undefined ? undefined : taskWeights(tensor, entry, at, gram.n);
    if (weights === undefined) {
      this.#known = false;
      return;
    }
    this.#toBase += squaredLength(gram, weights);
    this.#toSoup += squaredLength(
      gram,
      weights.map((weight) => weight - 1 / gram.n),
    );
  }

  result(): Pick<CoefficientTable, "distances"> {
    if (!this.#known) return {};
    return { distances: { toBase: Math.sqrt(this.#toBase), toSoup: Math.sqrt(this.#toSoup) } };
  }
}

/** out - base as a combination of the measured task vectors. */
function taskWeights(
  tensor: PlannedTensor,
  entry: Entry,
  at: readonly (number | "base")[],
  n: number,
): number[] | undefined {
  const weights = Array<number>(n).fill(0);
  const add = (input: number, weight: number) => {
    const position = at[input];
    if (typeof position === "number") weights[position] = (weights[position] ?? 0) + weight;
  };
  if (entry === "copy") {
    add(0, 1);
    return weights;
  }
  const { anchor, scale, baseCoefficient, coefficients } = entry;
  if (Math.abs(scale - 1) > SUM_TOLERANCE) return undefined;
  let others = tensor.base === undefined ? 0 : baseCoefficient;
  coefficients.forEach((coefficient, i) => {
    if (i === anchor) return;
    add(i, coefficient);
    others += coefficient;
  });
  if (anchor !== "base") add(anchor, scale - others);
  return weights;
}
