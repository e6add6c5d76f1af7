/** A whole tensor, every element an f64. */
export type Vector = Float64Array;

/** What every reference implementation is given: whole tensors, the base apart from the models. */
export interface Inputs {
  readonly base?: Vector;
  readonly models: readonly Vector[];
  readonly shape: readonly number[];
}

/** Element i; NaN outside the range, so that a wrong index cannot go unnoticed. */
export const at = (values: ArrayLike<number>, i: number): number => values[i] ?? NaN;

export function vector(length: number, element: (i: number) => number): Vector {
  const out = new Float64Array(length);
  for (let i = 0; i < length; i++) out[i] = element(i);
  return out;
}

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

export const mean = (values: readonly number[]): number => sum(values) / values.length;

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);

export const map = (a: Vector, f: (value: number, i: number) => number): Vector =>
  vector(a.length, (i) => f(at(a, i), i));

export const add = (a: Vector, b: Vector): Vector => map(a, (value, i) => value + at(b, i));

export const subtract = (a: Vector, b: Vector): Vector => map(a, (value, i) => value - at(b, i));

export const scale = (a: Vector, factor: number): Vector => map(a, (value) => value * factor);

export function dot(a: Vector, b: Vector): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += at(a, i) * at(b, i);
  return total;
}

export const norm = (a: Vector): number => Math.sqrt(dot(a, a));

export const sumOfMagnitudes = (a: Vector): number => sum(map(a, Math.abs));

/** sum_i coefficients[i] * vectors[i]. */
export function combine(vectors: readonly Vector[], coefficients: readonly number[]): Vector {
  const length = vectors[0]?.length ?? 0;
  return vector(length, (i) => sum(vectors.map((v, k) => at(coefficients, k) * at(v, i))));
}

export function baseOf({ base }: Inputs): Vector {
  if (base === undefined) throw new Error("this merge method needs a base");
  return base;
}

export function taskVectors(inputs: Inputs): Vector[] {
  const base = baseOf(inputs);
  return inputs.models.map((model) => subtract(model, base));
}

/** The one model there is. */
export function onlyModel({ models }: Inputs): Vector {
  const [model] = models;
  if (model === undefined || models.length !== 1) throw new Error(`${models.length} models instead of one`);
  return model;
}

export type Slicing = "tensor" | "rows" | "columns";

/** Element indices of each slice: rows run along the last axis, columns along the first; up to 1-D there is one. */
export function slices(shape: readonly number[], slicing: Slicing): number[][] {
  const count = shape.reduce((product, size) => product * size, 1);
  const length = slicing === "rows" ? shape.at(-1) : slicing === "columns" ? shape[0] : count;
  if (length === undefined || shape.length < 2) return [[...Array(count).keys()]];
  if (length === 0) return [];
  const step = slicing === "columns" ? count / length : 1;
  return Array.from({ length: count / length }, (_, k) => {
    const start = slicing === "columns" ? k : k * length;
    return Array.from({ length }, (_, i) => start + i * step);
  });
}

/** Applies `f` to the slices of all vectors at a time and puts the results back together. */
export function bySlice(
  vectors: readonly Vector[],
  shape: readonly number[],
  slicing: Slicing,
  f: (parts: Vector[]) => Vector,
): Vector {
  const out = new Float64Array(vectors[0]?.length ?? 0).fill(NaN);
  for (const indices of slices(shape, slicing)) {
    const part = f(vectors.map((v) => Float64Array.from(indices, (i) => at(v, i))));
    indices.forEach((index, i) => (out[index] = at(part, i)));
  }
  return out;
}

/** Element indices by ascending key; equal keys by ascending index. */
export function order(keys: ArrayLike<number>): number[] {
  return [...Array(keys.length).keys()].sort((i, j) => at(keys, i) - at(keys, j) || i - j);
}
