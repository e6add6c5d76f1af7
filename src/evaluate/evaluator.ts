import { EvaluateError, InterruptedError } from "../errors.ts";
import { readTextEmbeddings } from "./head.ts";
import { loadNetwork } from "./networks.ts";
import { openArithmetic } from "./tf.ts";
import type { Arithmetic } from "./arithmetic.ts";
import type { TextEmbeddings } from "./network.ts";
import type { LoadedNetwork } from "./networks.ts";
import type {
  EvaluableModel,
  Evaluator,
  EvaluatorOptions,
  Example,
  OnExamples,
  Split,
  SplitScore,
} from "./types.ts";

/** Enough for matrix products to be fast; the activations of ViT-B/32 then take some tens of megabytes. */
const DEFAULT_BATCH = 32;

/** Starts the fastest backend that works here; throws EvaluateError where none does. */
export async function openEvaluator(options: EvaluatorOptions = {}): Promise<Evaluator> {
  const head = options.head === undefined ? undefined : await readTextEmbeddings(options.head);
  return new NetworkEvaluator(await openArithmetic(options.backends), head, options);
}

class NetworkEvaluator implements Evaluator {
  readonly backend: string;
  readonly #arithmetic: Arithmetic;
  readonly #head: TextEmbeddings | undefined;
  readonly #options: EvaluatorOptions;
  /** Kept for the next split of the same model. */
  #loaded: { readonly model: EvaluableModel; readonly network: LoadedNetwork } | undefined;

  constructor(arithmetic: Arithmetic, head: TextEmbeddings | undefined, options: EvaluatorOptions) {
    this.backend = arithmetic.description;
    this.#arithmetic = arithmetic;
    this.#head = head;
    this.#options = options;
  }

  async evaluate(model: EvaluableModel, split: Split, onProgress?: OnExamples): Promise<SplitScore> {
    try {
      return await this.#evaluate(model, split, onProgress);
    } catch (error) {
      throw outOfMemory(error) ? tooLarge(model, error) : error;
    }
  }

  async #evaluate(model: EvaluableModel, split: Split, onProgress?: OnExamples): Promise<SplitScore> {
    const network = await this.#network(model);
    const tally = new Tally(model, split, network.classCount, this.#options.keepLogits === true);
    const { batch: size = DEFAULT_BATCH } = this.#options;
    const batch: Example[] = [];
    const flush = async () => {
      if (this.#options.signal?.aborted === true)
        throw new InterruptedError("INTERRUPTED", "The evaluation was stopped.");
      if (batch.length === 0) return;
      tally.add(batch, await network.logits(batch.map(({ input }) => input)));
      batch.length = 0;
      onProgress?.(tally.done, split.examples);
    };
    for await (const example of split.read()) {
      if (batch.push(example) >= size) await flush();
    }
    await flush();
    return tally.score();
  }

  close(): Promise<void> {
    this.#loaded?.network.dispose();
    this.#loaded = undefined;
    return Promise.resolve();
  }

  async #network(model: EvaluableModel): Promise<LoadedNetwork> {
    if (this.#loaded?.model === model) return this.#loaded.network;
    // First of all: two large models may not fit.
    await this.close();
    const network = await loadNetwork(model, this.#arithmetic, this.#head);
    this.#loaded = { model, network };
    return network;
  }
}

/** WebAssembly runs past the end of its memory where it cannot get more. */
const outOfMemory = (error: unknown) => error instanceof Error && error.name === "RuntimeError";

function tooLarge({ name }: EvaluableModel, cause: unknown): EvaluateError {
  const message = `${name} does not fit the 4 GB that WebAssembly can have`;
  const hint = "Make --batch smaller, or install @tensorflow/tfjs-node, which has no such limit.";
  return new EvaluateError("EVALUATE_MODEL", message, { where: name, hint, cause });
}

/** Counts right answers. */
class Tally {
  done = 0;
  readonly #model: EvaluableModel;
  readonly #split: Split;
  readonly #classCount: number;
  readonly #allowed: readonly number[];
  readonly #outcomes: Uint8Array;
  readonly #logits: Float32Array | undefined;

  constructor(model: EvaluableModel, split: Split, classCount: number, keepLogits: boolean) {
    this.#model = model;
    this.#split = split;
    this.#classCount = classCount;
    this.#allowed = split.classes ?? Array.from({ length: classCount }, (_, i) => i);
    this.#outcomes = new Uint8Array(split.examples);
    this.#logits = keepLogits ? new Float32Array(split.examples * classCount) : undefined;
    this.#checkClasses(this.#allowed);
  }

  add(batch: readonly Example[], logits: Float32Array): void {
    this.#logits?.set(logits, this.done * this.#classCount);
    for (const [row, { labels }] of batch.entries()) {
      this.#checkClasses(labels);
      const own = logits.subarray(row * this.#classCount, (row + 1) * this.#classCount);
      this.#outcomes[this.done++] = labels.includes(this.#prediction(own)) ? 1 : 0;
    }
  }

  score(): SplitScore {
    const { name, role, examples } = this.#split;
    if (this.done !== examples) throw this.#fault(`gave ${this.done} examples rather than ${examples}`);
    const correct = this.#outcomes.reduce((sum, outcome) => sum + outcome, 0);
    return {
      split: name,
      role,
      examples,
      correct,
      outcomes: this.#outcomes,
      ...(this.#logits === undefined ? {} : { logits: this.#logits }),
    };
  }

  /** The class with the largest logit, the first of several. */
  #prediction(logits: Float32Array): number {
    let best = this.#allowed[0] ?? 0;
    for (const at of this.#allowed) {
      const value = logits[at] ?? NaN;
      if (Number.isNaN(value)) {
        const message = `${this.#model.name} gives NaN on ${this.#split.name}`;
        const hint = "Look for NaN or infinity in its weights: stockpot inspect, or the report of its merge.";
        throw new EvaluateError("EVALUATE_MODEL", message, { where: this.#model.name, hint });
      }
      if (value > (logits[best] ?? NaN)) best = at;
    }
    return best;
  }

  #checkClasses(classes: readonly number[]): void {
    const wrong = classes.find((each) => each < 0 || each >= this.#classCount);
    if (wrong === undefined) return;
    throw this.#fault(`has class ${wrong}; ${this.#model.name} has ${this.#classCount} classes, from 0 on`);
  }

  #fault(what: string): EvaluateError {
    const { name } = this.#split;
    const hint = "The data must have the classes that the model was trained on, in the same order.";
    return new EvaluateError("EVALUATE_DATA", `${name} ${what}`, { where: name, hint });
  }
}
