import type { EvaluateError } from "../errors.ts";
import type { WeightLoader } from "./weights.ts";
import type { ModelInput } from "./types.ts";

/** A model that is ready to compute. */
export interface Network {
  readonly classCount: number;
  /** [inputs, classes]; throws EvaluateError for inputs that it does not take. */
  logits(inputs: readonly ModelInput[]): Promise<Float32Array>;
}

/** Text embeddings, one row a class: the head of a CLIP model without one. */
export interface TextEmbeddings {
  readonly file: string;
  readonly classCount: number;
  readonly width: number;
  /** [classes, width]. */
  readonly values: Float32Array;
}

export interface LoadContext {
  readonly loader: WeightLoader;
  readonly head?: TextEmbeddings;
}

export type LoadNetwork = (context: LoadContext) => Promise<Network>;

/** The inputs, all of one kind. */
export function inputsOf<K extends ModelInput["kind"]>(
  inputs: readonly ModelInput[],
  kind: K,
  fault: (what: string) => EvaluateError,
): Extract<ModelInput, { kind: K }>[] {
  return inputs.map((input) => {
    if (input.kind !== kind)
      throw fault(
        `takes ${kind === "picture" ? "pictures" : kind}; the data hold ${input.kind === "picture" ? "pictures" : input.kind}`,
      );
    return input as Extract<ModelInput, { kind: K }>;
  });
}
