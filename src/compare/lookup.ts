import type { TensorLookup } from "../evaluate/types.ts";
import type { LinearCombination } from "../methods/combination.ts";
import { EngineError } from "../errors.ts";
import type { MergePlan, PlannedInput, PlannedTensor } from "../plan/types.ts";
import { decodeHalfBits, encodeHalfBits } from "../tensor/half.ts";
import { elementCount } from "../tensor/shape.ts";
import type { CoefficientTable } from "./table.ts";

/** Decoded inputs are kept in memory up to this in all; larger families are read again for each variant. */
const MOST_RESIDENT_BYTES = 512 * 2 ** 20;

/** Reads the inputs of all variants, each at most once if they are small. */
export class InputReader {
  readonly #models: ReadonlyMap<string, TensorLookup>;
  readonly #resident: Map<string, Promise<Float32Array>> | undefined;

  /** `models` by `referenceText`. */
  constructor(models: ReadonlyMap<string, TensorLookup>) {
    this.#models = models;
    let bytes = 0;
    for (const lookup of models.values())
      for (const name of lookup.names()) bytes += elementCount(lookup.shape(name)) * 4;
    this.#resident = bytes <= MOST_RESIDENT_BYTES ? new Map() : undefined;
  }

  /** Not to be changed by the caller. */
  read(reference: string, tensor: string): Promise<Float32Array> {
    const model = this.#models.get(reference);
    if (model === undefined) throw new EngineError("INTERNAL", `The model ${reference} is not open`);
    const key = `${reference}\n${tensor}`;
    const values = this.#resident?.get(key) ?? model.read(tensor);
    this.#resident?.set(key, values);
    return values;
  }
}

/** A merge that is a table of coefficients, as a model whose tensors are computed when they are read. */
export function tableLookup(plan: MergePlan, table: CoefficientTable, reader: InputReader): TensorLookup {
  const tensors = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]));
  const tensorOf = (name: string): PlannedTensor => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new EngineError("INTERNAL", `The plan has no tensor ${name}`, { where: name });
  };
  const read = ({ model, tensor }: PlannedInput) => reader.read(plan.models[model]?.reference ?? "", tensor);
  return {
    names: () => [...tensors.keys()],
    shape: (name) => tensorOf(name).shape,
    read: async (name) => {
      const tensor = tensorOf(name);
      const entry = table.entries.get(name);
      const [first] = tensor.inputs;
      if (entry === undefined || first === undefined)
        throw new EngineError("INTERNAL", `No coefficients for ${name}`);
      if (entry === "copy") return (await read(first)).slice();
      const base = tensor.base === undefined ? undefined : await read(tensor.base);
      const inputs = await Promise.all(tensor.inputs.map(read));
      return rounded(combineLinear(entry, base, inputs), tensor.dtype);
    },
  };
}

/**
 * The linear kernel in plain TypeScript, with the same results to the bit in F32: scale * a + sum c (x - a), term by term
 * in the order of the operands, each product and sum rounded.
 */
function combineLinear(
  { anchor, scale, baseCoefficient, coefficients }: LinearCombination,
  base: Float32Array | undefined,
  inputs: readonly Float32Array[],
): Float32Array {
  const a = anchor === "base" ? base : inputs[anchor];
  if (a === undefined) throw new EngineError("INTERNAL", "A combination without its anchor");
  const sum = new Float32Array(a.length);
  const factor = Math.fround(scale);
  for (let i = 0; i < a.length; i++) sum[i] = factor * (a[i] ?? NaN);
  const add = (x: Float32Array, coefficient: number) => {
    const c = Math.fround(Math.abs(coefficient));
    const sign = coefficient > 0 ? 1 : -1;
    for (let i = 0; i < a.length; i++) {
      // a - x for a positive coefficient, so that equal values leave +0 to subtract.
      const delta = Math.fround(sign > 0 ? (a[i] ?? NaN) - (x[i] ?? NaN) : (x[i] ?? NaN) - (a[i] ?? NaN));
      sum[i] = (sum[i] ?? NaN) - Math.fround(c * delta);
    }
  };
  if (base !== undefined && anchor !== "base" && baseCoefficient !== 0) add(base, baseCoefficient);
  inputs.forEach((input, i) => {
    const coefficient = coefficients[i] ?? 0;
    if (i !== anchor && coefficient !== 0) add(input, coefficient);
  });
  return sum;
}

/** As the output would store them. */
function rounded(values: Float32Array, dtype: PlannedTensor["dtype"]): Float32Array {
  if (dtype !== "F16" && dtype !== "BF16") return values;
  return values.map((value) => decodeHalfBits(dtype, encodeHalfBits(dtype, value)));
}
