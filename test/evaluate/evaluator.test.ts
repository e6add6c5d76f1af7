import assert from "node:assert/strict";
import { isMergeError } from "../../src/errors.ts";
import { openEvaluator } from "../../src/evaluate/evaluator.ts";
import { randomModel, splitOf } from "./memory-model.ts";
import type { Evaluator, Example, Split } from "../../src/evaluate/types.ts";

/** Logits that are the features themselves: the identity matrix and no bias. */
function identity(size: number) {
  const model = randomModel({ architectures: ["MLP"] }, { "layers.0.weight": [size, size] });
  const { values } = model.weights("layers.0.weight");
  values.forEach((_, i) => (values[i] = i % (size + 1) === 0 ? 1 : 0));
  return model;
}

const features = (...values: number[]) => ({ kind: "features" as const, values: Float32Array.from(values) });

/** Features and right classes. */
function labelled(rows: readonly (readonly [number[], number[]])[], more: Partial<Split> = {}): Split {
  return {
    ...splitOf([]),
    examples: rows.length,
    read: async function* (): AsyncGenerator<Example> {
      for (const [values, labels] of rows)
        yield await Promise.resolve({ input: features(...values), labels });
    },
    ...more,
  };
}

describe("An evaluator", () => {
  let evaluator: Evaluator;
  before(async () => {
    evaluator = await openEvaluator({ batch: 2 });
  });
  after(async () => await evaluator.close());

  it("counts an answer as right where the largest logit is at a right class, the first of equal ones", async () => {
    const split = labelled([
      [[1, 3, 2], [1]],
      [[1, 3, 2], [2]],
      [[5, 5, 2], [0]],
      [[5, 5, 2], [1]],
      [
        [0, 1, 9],
        [0, 2],
      ],
    ]);
    const { correct, examples, outcomes } = await evaluator.evaluate(identity(3), split);
    assert.deepEqual([correct, examples, [...outcomes]], [3, 5, [1, 0, 1, 0, 1]]);
  });

  it("lets a prediction be one of the split's classes only", async () => {
    const rows = [[[9, 3, 2], [1]]] as [number[], number[]][];
    const answer = async (classes?: number[]) =>
      (await evaluator.evaluate(identity(3), labelled(rows, classes && { classes }))).correct;
    assert.deepEqual([await answer(), await answer([1, 2]), await answer([0, 1])], [0, 1, 0]);
  });

  it("tells how many examples are done, batch by batch", async () => {
    const rows = Array.from({ length: 5 }, () => [[1, 0], [0]] as [number[], number[]]);
    const seen: (readonly [number, number])[] = [];
    const split = labelled(rows);
    await evaluator.evaluate(identity(2), split, (...progress) => seen.push(progress));
    assert.deepEqual(seen, [
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
  });

  it("refuses data with classes that the model lacks, and a split that breaks its word", async () => {
    for (const [split, what] of [
      [labelled([[[1, 2], [2]]]), /has class 2; random has 2 classes/],
      [labelled([[[1, 2], [0]]], { classes: [0, 7] }), /has class 7/],
      [labelled([[[1, 2], [0]]], { examples: 3 }), /gave 1 examples rather than 3/],
    ] as const) {
      await assert.rejects(evaluator.evaluate(identity(2), split), (error) => {
        return isMergeError(error, "EVALUATE_DATA") && what.test(error.message);
      });
    }
  });

  it("reads the weights of a model once for all splits", async () => {
    const model = identity(2);
    let reads = 0;
    const counted = {
      ...model,
      tensors: { ...model.tensors, read: (name: string) => (reads++, model.tensors.read(name)) },
    };
    const split = labelled([[[1, 2], [0]]]);
    await evaluator.evaluate(counted, split);
    await evaluator.evaluate(counted, split);
    assert.equal(reads, 1);
  });

  it("says what to do where WebAssembly runs out of memory", async () => {
    const model = identity(2);
    const read = () => {
      throw Object.assign(new Error("memory access out of bounds"), { name: "RuntimeError" });
    };
    const large = { ...model, tensors: { ...model.tensors, read } };
    await assert.rejects(evaluator.evaluate(large, labelled([[[1, 2], [0]]])), (error) => {
      return (
        isMergeError(error, "EVALUATE_MODEL") &&
        error.message.includes("4 GB") &&
        (error.hint ?? "").includes("batch")
      );
    });
  });

  it("stops between two batches when it is asked to", async () => {
    const controller = new AbortController();
    const stopping = await openEvaluator({ batch: 1, signal: controller.signal });
    const rows = Array.from({ length: 4 }, () => [[1, 0], [0]] as [number[], number[]]);
    let done = 0;
    const run = stopping.evaluate(identity(2), labelled(rows), () => {
      if (++done === 2) controller.abort();
    });
    await assert.rejects(run, (error) => isMergeError(error, "INTERRUPTED"));
    assert.equal(done, 2);
    await stopping.close();
  });
});
