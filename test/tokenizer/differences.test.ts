import assert from "node:assert/strict";
import { vocabularyDifferences, vocabularyProblem } from "../../src/tokenizer/differences.ts";
import type { AlignedModel } from "../../src/tokenizer/types.ts";
import { modelOf } from "./tiny-tokenizers.ts";

const none = { count: 0, examples: [] };

function only(models: readonly AlignedModel[], base?: number) {
  const differences = vocabularyDifferences(models, base);
  assert.equal(differences.length, 1);
  const [difference] = differences;
  assert.ok(difference);
  return { difference, problem: vocabularyProblem(difference) };
}

describe("Differences between vocabularies", () => {
  const base = modelOf("base", ["a", "b", "c"]);

  it("are none between equal vocabularies with equally many rows", () => {
    assert.deepEqual(vocabularyDifferences([base, modelOf("same", ["a", "b", "c"])], 0), []);
    assert.deepEqual(vocabularyDifferences([base, { ...base, reference: "shared" }], 0), []);
    assert.deepEqual(vocabularyDifferences([], undefined), []);
  });

  it("do not count tokens that have no row", () => {
    const short = modelOf("short", ["a", "b", "c", "<pad>"], { rows: 3, added: 1 });
    assert.deepEqual(vocabularyDifferences([base, short], 0), []);
  });

  it("are an error with both cures where rows have other tokens", () => {
    const { difference, problem } = only([modelOf("turned", ["a", "c", "b"]), base], 1);
    assert.equal(difference.model, "turned");
    assert.equal(difference.against, "base");
    assert.deepEqual(difference.replaced, { count: 2, examples: ['"c" for "b"', '"b" for "c"'] });
    assert.deepEqual([difference.extra, difference.missing], [none, none]);
    assert.equal(problem.code, "PLAN_VOCABULARY");
    assert.equal(problem.severity, "error");
    assert.match(problem.message, /turned differs from that of base: 2 rows of another token \("c" for "b"/);
    assert.match(problem.hint ?? "", /tokenizer: \{source: union\}.*--unsafe-truncate-embeddings/);
  });

  it("are an error where the numbers of rows differ, tokens or not", () => {
    const padded = only([base, modelOf("padded", ["a", "b", "c"], { rows: 4 })]);
    assert.equal(padded.problem.severity, "error");
    assert.match(padded.problem.message, /4 rows against 3$/);
    const grown = only([base, modelOf("grown", ["a", "b", "c", "d"])]);
    assert.deepEqual(grown.difference.extra, { count: 1, examples: ['"d"'] });
    assert.equal(grown.problem.severity, "error");
  });

  it("are a warning where one model uses rows that are padding in another", () => {
    const padded = modelOf("padded", ["a", "b"], { rows: 3 });
    const { difference, problem } = only([base, padded], 0);
    assert.deepEqual(difference.missing, { count: 1, examples: ['"c"'] });
    assert.equal(problem.severity, "warning");
    assert.match(problem.message, /1 token that only base has \("c"\)/);
  });
});
