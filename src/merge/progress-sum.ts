import type { Progress } from "../engine/run-types.ts";
import type { Step } from "./plan-step.ts";

/** Progress of several merges as that of one. */
export class ProgressSum {
  readonly #listener: ((progress: Progress) => void) | undefined;
  readonly #totals: { readonly bytes: number; readonly tensors: number }[];
  #done = { bytes: 0, tensors: 0 };
  #next = 0;

  constructor(steps: readonly Step[], listener: ((progress: Progress) => void) | undefined) {
    this.#listener = listener;
    this.#totals = steps.map(({ plan }) => ({
      bytes: plan.passes.reduce((sum, { readBytes }) => sum + readBytes, 0),
      tensors: plan.tensors.length,
    }));
  }

  /** The listener for the next of the merges; those before it count as done. */
  next(): (progress: Progress) => void {
    const before = this.#done;
    const current = this.#totals[this.#next++] ?? { bytes: 0, tensors: 0 };
    this.#done = { bytes: before.bytes + current.bytes, tensors: before.tensors + current.tensors };
    const total = (key: "bytes" | "tensors") => this.#totals.reduce((sum, each) => sum + each[key], 0);
    return ({ doneBytes, tensorsDone }) => {
      this.#listener?.({
        doneBytes: before.bytes + doneBytes,
        totalBytes: total("bytes"),
        tensorsDone: before.tensors + tensorsDone,
        tensorCount: total("tensors"),
      });
    };
  }
}
