import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { greedySoup } from "../../src/compare/greedy.ts";

const { variants } = JSON.parse(readFileSync("test/fixtures/glyphs/scores.json", "utf8")) as {
  variants: Record<string, { correct: Record<string, number>; steps?: readonly object[] }>;
};
const onVal = (name: string) => variants[name]?.correct["val"] ?? NaN;

describe("Greedy soup", () => {
  const candidates = ["ft1", "ft2", "ft3", "ft4"].map((model) => ({ model, alone: onVal(model) }));

  it("decides on the glyph family as an independent run did", async () => {
    const soups: Record<string, number> = { "ft2 ft1": 675, "ft2 ft1 ft3": 662, "ft2 ft1 ft4": 650 };
    const tried: string[] = [];
    const { members, steps } = await greedySoup(candidates, (soup) => {
      tried.push(soup.join(" "));
      return Promise.resolve(soups[soup.join(" ")] ?? NaN);
    });
    assert.deepEqual(members, ["ft2", "ft1"]);
    assert.deepEqual(tried, Object.keys(soups));
    assert.deepEqual(
      steps.map(({ model, soup, added }) => ({ model, correct: soup, added })),
      variants["greedy-soup"]?.steps,
    );
  });

  it("leaves out a model with which the soup gets as many right, and no more", async () => {
    const { members } = await greedySoup(candidates.slice(0, 2), () => Promise.resolve(onVal("ft2")));
    assert.deepEqual(members, ["ft2"]);
  });

  it("takes equally good models in the order of the recipe", async () => {
    const equal = ["b", "a"].map((model) => ({ model, alone: 7 }));
    const { steps } = await greedySoup(equal, () => Promise.resolve(8));
    assert.deepEqual(
      steps.map(({ model, best }) => [model, best]),
      [
        ["b", 0],
        ["a", 7],
      ],
    );
  });
});
