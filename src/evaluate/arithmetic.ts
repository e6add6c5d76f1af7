/** Values that a backend holds, F32 (Int32 for the rows that `rows` picks). */
export interface BackendTensor {
  readonly shape: readonly number[];
  dispose(): void;
}

/** What sits between the two linear layers of a network, by transformers' names. */
export const ACTIVATIONS = [
  "quick_gelu",
  "gelu",
  "gelu_new",
  "gelu_pytorch_tanh",
  "relu",
  "silu",
  "tanh",
] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** The operations that networks are written in. All but those of weights and `run` are called within `run`. */
export interface Arithmetic {
  /** What computes, in words for the user. */
  readonly description: string;
  /** Stays until it is disposed of. */
  hold(values: Float32Array, shape: readonly number[]): BackendTensor;
  /** A matrix [out, in] as files have it, held ready for `linear`. */
  holdLinear(values: Float32Array, out: number, inputs: number): BackendTensor;
  /** Computes, frees everything in between and gives the values. */
  run(compute: () => BackendTensor): Promise<Float32Array>;

  /** A part of a computation, of which only the result stays: else all layers' values would be held to the end. */
  part(compute: () => BackendTensor): BackendTensor;
  /** Values that live as long as the computation. */
  input(values: Float32Array | Int32Array, shape: readonly number[]): BackendTensor;
  /** x [m, in] times a matrix of `holdLinear`, plus a bias [out]: [m, out]. */
  linear(x: BackendTensor, weight: BackendTensor, bias?: BackendTensor): BackendTensor;
  /** Matrices in the last two axes: a b, or a b^T. */
  matMul(a: BackendTensor, b: BackendTensor, transposeB?: boolean): BackendTensor;
  /** Elementwise, shapes broadcast. */
  add(a: BackendTensor, b: BackendTensor): BackendTensor;
  multiply(a: BackendTensor, factor: BackendTensor | number): BackendTensor;
  /** Over the last axis: biased variance, eps inside the root. */
  layerNorm(x: BackendTensor, weight: BackendTensor, bias: BackendTensor, eps: number): BackendTensor;
  /** Over the last axis. */
  softmax(x: BackendTensor): BackendTensor;
  /** Rows of the last axis to length 1. */
  unit(x: BackendTensor): BackendTensor;
  activate(x: BackendTensor, activation: Activation): BackendTensor;
  mean(x: BackendTensor, axis: number): BackendTensor;
  reshape(x: BackendTensor, shape: readonly number[]): BackendTensor;
  permute(x: BackendTensor, axes: readonly number[]): BackendTensor;
  concat(parts: readonly BackendTensor[], axis: number): BackendTensor;
  slice(x: BackendTensor, begin: readonly number[], size: readonly number[]): BackendTensor;
  tile(x: BackendTensor, repeats: readonly number[]): BackendTensor;
  /** Rows of a matrix by their numbers. */
  rows(matrix: BackendTensor, ids: Int32Array): BackendTensor;
}
