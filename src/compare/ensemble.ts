import type { Split, SplitScore } from "../evaluate/types.ts";

/** Logits that are summed up over all splits: a soup on ImageNet and its shifts needs some 600 MB. */
const MOST_LOGIT_BYTES = 1024 * 2 ** 20;

/** Sums up the logits of models, split by split: their mean is the ensemble, which needs a forward pass of each. */
export class Ensemble {
  readonly #sums = new Map<string, Float32Array>();
  #bytes = 0;
  /** Why there is none. */
  fault: string | undefined;

  add(scores: readonly SplitScore[]): void {
    for (const { split, logits } of scores) {
      if (logits === undefined || this.fault !== undefined) continue;
      const sum = this.#sums.get(split);
      if (sum?.length === logits.length) {
        logits.forEach((value, i) => (sum[i] = (sum[i] ?? 0) + value));
        continue;
      }
      if (sum !== undefined) this.#give("the models give different numbers of logits");
      this.#bytes += logits.byteLength;
      if (this.#bytes > MOST_LOGIT_BYTES) this.#give("the logits of all examples take more than 1 GiB");
      else this.#sums.set(split, logits.slice());
    }
  }

  #give(fault: string): void {
    this.fault = fault;
    this.#sums.clear();
  }

  /** The ensemble's answers: the first of the largest logits, among the classes of the split. */
  async score(splits: readonly Split[]): Promise<SplitScore[]> {
    const scores: SplitScore[] = [];
    for (const split of splits) {
      const sums = this.#sums.get(split.name);
      if (sums === undefined) continue;
      const width = sums.length / split.examples;
      const allowed = split.classes ?? Array.from({ length: width }, (_, i) => i);
      const outcomes = new Uint8Array(split.examples);
      let row = 0;
      for await (const { labels } of split.read()) {
        let best = allowed[0] ?? 0;
        for (const at of allowed)
          if ((sums[row * width + at] ?? NaN) > (sums[row * width + best] ?? NaN)) best = at;
        outcomes[row++] = labels.includes(best) ? 1 : 0;
      }
      const correct = outcomes.reduce((sum, outcome) => sum + outcome, 0);
      scores.push({ split: split.name, role: split.role, examples: split.examples, correct, outcomes });
    }
    return scores;
  }
}
