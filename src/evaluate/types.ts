/**
 * The vocabulary of evaluation. `openEvaluator(options)` (evaluator.ts) gives an Evaluator, `openData(folder, names)`
 * (data.ts) the splits of a data folder, `modelFromFolder(path)` (model.ts) a model that lies in files.
 */

/** A model's weights by name, whether they lie in files or were just merged in memory. */
export interface TensorLookup {
  names(): readonly string[];
  /** Throws EvaluateError for a name that is not there, as `read` does. */
  shape(name: string): readonly number[];
  /** All values in row-major order, in F32 whatever the stored dtype. */
  read(name: string): Promise<Float32Array>;
}

/** What an evaluator needs to know of a model. */
export interface EvaluableModel {
  /** For messages and tables. */
  readonly name: string;
  /** config.json as transformers writes it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** preprocessor_config.json: how pictures become pixels. Absent: what the architecture usually has. */
  readonly preprocessor?: Readonly<Record<string, unknown>>;
  readonly tensors: TensorLookup;
}

/** A decoded picture, [height, width, channels] with 0 black and 255 full. */
export interface Picture {
  readonly kind: "picture";
  readonly height: number;
  readonly width: number;
  /** 1 (grey) or 3 (red, green, blue). */
  readonly channels: 1 | 3;
  readonly bytes: Uint8Array;
}

/** A tokenised text. */
export interface TokenSequence {
  readonly kind: "tokens";
  readonly ids: Int32Array;
  /** 1 where a token counts, 0 where the text is padded. */
  readonly mask: Int32Array;
  readonly types: Int32Array;
}

/** Plain numbers, for a multilayer perceptron. */
export interface FeatureVector {
  readonly kind: "features";
  readonly values: Float32Array;
}

export type ModelInput = Picture | TokenSequence | FeatureVector;

export interface Example {
  readonly input: ModelInput;
  /** Classes that are right answers, by their position among the model's logits: one, but for ObjectNet. */
  readonly labels: readonly number[];
}

/** One labelled set of a data folder: "val", "id-test", "imagenet-r". */
export interface Split {
  readonly name: string;
  /** In distribution, held out for choosing between models, or one of the shifts whose mean is reported. */
  readonly role: "in-distribution" | "held-out" | "shift";
  /** How many `read` gives. */
  readonly examples: number;
  /** The only classes that a prediction may be, by their position among the model's logits; absent: all. */
  readonly classes?: readonly number[];
  /** Every example in a fixed order; opened and closed anew by each call, a few in memory at a time. */
  read(): AsyncIterable<Example>;
}

export interface SplitScore {
  readonly split: string;
  readonly role: Split["role"];
  readonly examples: number;
  readonly correct: number;
  /** Per example, in the order of `Split.read`: 1 where the answer is right. */
  readonly outcomes: Uint8Array;
  /** [examples, classes], only if asked for. */
  readonly logits?: Float32Array;
}

export interface EvaluatorOptions {
  /** Examples in one forward pass. */
  readonly batch?: number;
  /** Safetensors file with a matrix of text embeddings, one row a class: the head of a CLIP model without one. */
  readonly head?: string;
  /** Backends to try in this order; unless given, the fastest that works. */
  readonly backends?: readonly BackendName[];
  /** Keep the logits in `SplitScore`. */
  readonly keepLogits?: boolean;
  /** Stops an evaluation between two batches. */
  readonly signal?: AbortSignal;
}

/** Native TensorFlow, WebAssembly, plain JavaScript: the fastest first. */
export const BACKEND_NAMES = ["tensorflow", "wasm", "cpu"] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** Runs models with TensorFlow.js, one after the other. */
export interface Evaluator {
  /** What computes, in words for the user: "WebAssembly (SIMD, 1 thread)". */
  readonly backend: string;
  /** Throws EvaluateError if the architecture is not one that can be run, or the data do not suit it. */
  evaluate(model: EvaluableModel, split: Split, onProgress?: OnExamples): Promise<SplitScore>;
  /** Frees all weights; the evaluator cannot be used afterwards. */
  close(): Promise<void>;
}

export type OnExamples = (done: number, total: number) => void;
