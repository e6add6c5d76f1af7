import { makeNormal, seedFromText } from "../fixtures/random.ts";
import type { EvaluableModel, Example, ModelInput, Split } from "../../src/evaluate/types.ts";

export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface MemoryModel extends EvaluableModel {
  readonly weights: (name: string) => StoredTensor;
}

/** A model of random weights: matrices of deviation 0.3, so that softmax and activations leave their linear part. */
export function randomModel(
  config: EvaluableModel["config"],
  shapes: Readonly<Record<string, readonly number[]>>,
  preprocessor?: EvaluableModel["preprocessor"],
): MemoryModel {
  const stored = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const normal = makeNormal(seedFromText(name));
      const isScale =
        shape.length === 1 && /norm.*\.weight$|LayerNorm\.weight$|layr?norm\.weight$/.test(name);
      const values = Float32Array.from(
        { length: shape.reduce((product, size) => product * size, 1) },
        () => 0.3 * normal() + (isScale ? 1 : 0),
      );
      return [name, { shape, values }];
    }),
  );
  const weights = (name: string) => stored.get(name) ?? { shape: [], values: new Float32Array() };
  return {
    name: "random",
    config,
    ...(preprocessor === undefined ? {} : { preprocessor }),
    weights,
    tensors: {
      names: () => [...stored.keys()],
      shape: (name) => weights(name).shape,
      read: (name) => Promise.resolve(weights(name).values),
    },
  };
}

/** A split that holds these inputs, all with the label 0. */
export function splitOf(inputs: readonly ModelInput[], more: Partial<Split> = {}): Split {
  return {
    name: "inputs",
    role: "in-distribution",
    examples: inputs.length,
    read: async function* (): AsyncGenerator<Example> {
      for (const input of inputs) yield await Promise.resolve({ input, labels: [0] });
    },
    ...more,
  };
}
