import type { EvaluableModel, Evaluator, Split, SplitScore } from "../evaluate/types.ts";
import type { CompareProgress } from "./options.ts";

interface ScoringSetup {
  readonly evaluator: Evaluator;
  /** Folder of the data as it was named. */
  readonly data: string;
  readonly splits: readonly Split[];
  /** The one of them that chooses models. */
  readonly heldOut: Split | undefined;
  readonly onProgress: ((progress: CompareProgress) => void) | undefined;
}

/** Scores models on the splits of one data folder, and tells how far it is. */
export class Scoring {
  readonly data: string;
  readonly splits: readonly Split[];
  readonly heldOut: Split | undefined;
  readonly #evaluator: Evaluator;
  readonly #onProgress: ScoringSetup["onProgress"];
  #done = 0;
  /** Announced, so that progress has an end. */
  #total = 0;

  constructor({ evaluator, data, splits, heldOut, onProgress }: ScoringSetup) {
    this.#evaluator = evaluator;
    this.data = data;
    this.splits = splits;
    this.heldOut = heldOut;
    this.#onProgress = onProgress;
  }

  get backend(): string {
    return this.#evaluator.backend;
  }

  /** Adds evaluations to come: of all splits, or of the held-out one. */
  announce(models: number, splits: readonly Split[] = this.splits): void {
    this.#total += models * splits.reduce((sum, { examples }) => sum + examples, 0);
  }

  async score(model: EvaluableModel, splits: readonly Split[] = this.splits): Promise<SplitScore[]> {
    const scores: SplitScore[] = [];
    for (const split of splits) {
      const before = this.#done;
      scores.push(
        await this.#evaluator.evaluate(model, split, (done) => this.#report(model.name, before + done)),
      );
      this.#done = before + split.examples;
    }
    return scores;
  }

  #report(variant: string, doneExamples: number): void {
    const totalExamples = Math.max(this.#total, doneExamples);
    this.#onProgress?.({ stage: "evaluate", variant, doneExamples, totalExamples });
  }

  async close(): Promise<void> {
    await this.#evaluator.close();
  }
}
