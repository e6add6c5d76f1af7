import assert from "node:assert/strict";
import { compareWithBaseline } from "../../src/compare/comparisons.ts";
import type { ScoredVariant } from "../../src/compare/evaluate-variants.ts";
import { judge } from "../../src/compare/judge.ts";
import type { SplitScore } from "../../src/evaluate/types.ts";

/** A split of 200 examples of which the first `correct` are right, but for `but`, which are turned over. */
function score(role: SplitScore["role"], correct: number, but: readonly number[] = []): SplitScore {
  const outcomes = Uint8Array.from({ length: 200 }, (_, i) => (i < correct !== but.includes(i) ? 1 : 0));
  const right = outcomes.reduce((sum, value) => sum + value, 0);
  return { split: role === "shift" ? "odd" : "plain", role, examples: 200, correct: right, outcomes };
}

const variant = (
  name: string,
  kind: ScoredVariant["kind"],
  inside: SplitScore,
  shift: SplitScore,
): ScoredVariant => ({
  name,
  kind,
  description: "",
  members: [],
  scores: [inside, shift],
});

describe("The verdict", () => {
  const soup = variant("uniform_soup", "merge", score("in-distribution", 150), score("shift", 100));

  it("says that there is no measurable difference where chance explains it", () => {
    // Three won, one lost: p = 2 * (1 + 4) / 16 = 0.625.
    const stock = variant(
      "model_stock",
      "merge",
      score("in-distribution", 150, [0, 198, 199, 197]),
      score("shift", 100),
    );
    const { verdict, comparisons } = judge([soup, stock], undefined);
    assert.equal(
      verdict.headline,
      "model_stock against uniform_soup: no measurable difference in distribution (+1.0 points, p = 0.625); identical under shift (+0.0 points, p = 1.000).",
    );
    assert.deepEqual([comparisons[0]?.gained, comparisons[0]?.lost], [3, 1]);
  });

  it("never hides that the base or a single model is better than the merge", () => {
    const stock = variant("model_stock", "merge", score("in-distribution", 150), score("shift", 120));
    const base = variant("base", "base", score("in-distribution", 90), score("shift", 150));
    const ft1 = variant("ft1", "model", score("in-distribution", 153), score("shift", 60));
    const words = judge([base, ft1, soup, stock], undefined).verdict.sentences.join(" ");
    assert.match(
      words,
      /Under shift the base is better than model_stock \(75\.0 % against 60\.0 %, p < 0\.001\)\./,
    );
    assert.match(
      words,
      /In distribution the best single model, ft1, is ahead of model_stock \(76\.5 % against 75\.0 %, p = 0\.250\), but not measurably\./,
    );
    assert.match(
      words,
      /Highest in distribution: ft1 with 76\.5 %; the next, \S+ \(75\.0 %\), is not measurably lower/,
    );
    assert.match(
      words,
      /Highest under shift: base with 75\.0 %, measurably above the next, model_stock \(60\.0 %\)/,
    );
  });

  it("corrects for the number of variants", () => {
    // Seven won, none lost: p = 2 / 128 = 0.0156, which is no longer below 5 % for four variants.
    const seven = (name: string) =>
      variant(name, "merge", score("in-distribution", 157), score("shift", 100));
    const one = compareWithBaseline([soup, seven("a")], soup);
    const four = compareWithBaseline([soup, ...["a", "b", "c", "d"].map(seven)], soup);
    assert.deepEqual([one[0]?.verdict, four[0]?.verdict], ["better", "no measurable difference"]);
    assert.ok(Math.abs((one[0]?.adjustedP ?? NaN) - 2 / 128) < 1e-12);
    assert.ok(Math.abs((four[0]?.adjustedP ?? NaN) - 8 / 128) < 1e-12);
  });

  it("says so where only the split was scored that chooses models", () => {
    const heldOut = { ...soup, scores: [{ ...score("in-distribution", 150), role: "held-out" as const }] };
    assert.match(judge([heldOut], undefined).verdict.headline, /^Only the held-out split/);
  });
});
