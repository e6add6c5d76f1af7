import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openData } from "../../src/evaluate/data.ts";
import { openEvaluator } from "../../src/evaluate/evaluator.ts";
import { modelFromFolder } from "../../src/evaluate/model.ts";
import { readSafetensors } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { mergedModel, ruleOf } from "./family.ts";
import type { EvaluableModel, Evaluator, Example, Split } from "../../src/evaluate/types.ts";

interface Variant {
  readonly correct: Readonly<Record<string, number>>;
}

/** All variants on all splits take minutes; without this, a part of them stands for all. */
const EVERYTHING = process.env["EVERY_VARIANT"] === "1";

/** Counts of right answers by a program that shares no code with this one. */
const SCORES = JSON.parse(readFileSync("test/fixtures/glyphs/scores.json", "utf8")) as {
  readonly variants: Readonly<Record<string, Variant>>;
  /** How many pictures there are whose two largest logits lie within 1e-3: another order of summation may flip them. */
  readonly near_ties: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

async function* firstOf(split: Split, count: number): AsyncGenerator<Example> {
  let left = count;
  for await (const example of split.read()) {
    if (left-- === 0) return;
    yield example;
  }
}

describe("Evaluation of a trained family", () => {
  const inFolder = useTemporaryFolder();
  let evaluator: Evaluator;
  let splits: Split[];

  before(async () => {
    evaluator = await openEvaluator({ keepLogits: true });
    splits = await openData("demo/glyphs/data");
    await runMerge("recipes/glyphs-model-stock.yml", inFolder("model-stock"));
  });
  after(async () => await evaluator.close());

  const folderOf = (name: string) => (name === "model-stock" ? inFolder(name) : `demo/glyphs/${name}`);

  it("finds every split of the family's data and knows what it is for", () => {
    assert.deepEqual(
      splits.map(({ name, role, examples }) => [name, role, examples]),
      [
        ["id-test", "in-distribution", 1440],
        ["shift-bold-italic", "shift", 720],
        ["shift-degraded", "shift", 720],
        ["shift-mono", "shift", 720],
        ["shift-script", "shift", 720],
        ["shift-serif", "shift", 720],
        ["val", "held-out", 720],
      ],
    );
  });

  for (const name of ["base", "ft1", "model-stock"]) {
    it(`gives the logits of ${name} that another implementation gives, to 1e-4`, async () => {
      const expected = readSafetensors("test/fixtures/glyphs/logits.safetensors").tensors.get(name);
      const [split] = splits;
      assert.ok(expected && split);
      const some = { ...split, examples: 64, read: () => firstOf(split, 64) };
      const { logits } = await evaluator.evaluate(await modelFromFolder(folderOf(name)), some);
      assert.ok(logits);
      const worst = expected.values.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (logits[i] ?? NaN))),
        0,
      );
      assert.ok(worst <= 1e-4, `the largest difference is ${worst}`);
    });
  }

  const assertCounts = async (name: string, model: EvaluableModel, some: readonly Split[]) => {
    for (const split of some) {
      const { correct, outcomes } = await evaluator.evaluate(model, split);
      assert.equal(
        outcomes.reduce((sum, outcome) => sum + outcome, 0),
        correct,
      );
      const expected = SCORES.variants[name]?.correct[split.name] ?? NaN;
      const ties = SCORES.near_ties[name]?.[split.name] ?? 0;
      assert.ok(Math.abs(correct - expected) <= ties, `${split.name}: ${correct} instead of ${expected}`);
    }
  };

  for (const name of ["base", "ft1", "ft2", "ft3", "ft4", "model-stock"]) {
    const isWhole = EVERYTHING || name === "base";
    it(`counts the right answers of ${name} exactly, near ties aside`, async () => {
      await assertCounts(name, await modelFromFolder(folderOf(name)), isWhole ? splits : splits.slice(-1));
    });
  }

  for (const [i, name] of Object.keys(SCORES.variants).entries()) {
    const rule = ruleOf(name);
    if (rule === undefined || (!EVERYTHING && /^wise.*[^259]$/.test(name))) continue;
    it(`counts the right answers of ${name}, merged in memory, as published`, async () => {
      const model = mergedModel(name, rule);
      const shifts = splits.slice(1);
      // One split each, in turn.
      const some = EVERYTHING ? splits : [shifts[i % shifts.length]];
      await assertCounts(
        name,
        model,
        some.filter((split) => split !== undefined),
      );
    });
  }

  it("knows how to make all variants with published counts but the single models and the ensemble", () => {
    const others = Object.keys(SCORES.variants).filter((name) => ruleOf(name) === undefined);
    assert.deepEqual(others, ["base", "ft1", "ft2", "ft3", "ft4", "ensemble"]);
  });
});
