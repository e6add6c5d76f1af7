import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { generatedFiles } from "../src/gen/files.ts";
import type { CompareReport } from "../src/report/report-types.ts";

interface Scores {
  readonly sets: Readonly<Record<string, number>>;
  readonly variants: Readonly<Record<string, { readonly correct: Readonly<Record<string, number>> }>>;
  readonly near_ties: unknown;
}

const read = <T>(path: string) => JSON.parse(readFileSync(path, "utf8")) as T;

/** Names in the comparison, and in the scores that a program without any of our code computed. */
const SAME: Readonly<Record<string, string>> = {
  base: "base",
  ft1: "ft1",
  ft2: "ft2",
  ft3: "ft3",
  ft4: "ft4",
  uniform_soup: "uniform-soup",
  model_stock: "model-stock",
};

describe("The demo's results in the README", () => {
  const report = read<CompareReport>("demo/glyphs/report.json");

  it("are of the recipe as it is now; if not: npm run demo -- --update", () => {
    const text = readFileSync("recipes/glyphs-compare.yml", "utf8");
    assert.equal(report.recipe.sha256, createHash("sha256").update(text).digest("hex"));
    const files = report.models.flatMap(({ name, files }) => files.map(({ sha256 }) => ({ name, sha256 })));
    assert.equal(files.length, 5);
    for (const { name, sha256 } of files)
      assert.equal(
        sha256,
        createHash("sha256")
          .update(readFileSync(`demo/glyphs/${name}/model.safetensors`))
          .digest("hex"),
      );
  });

  it("have the right answers that were counted independently, on every set", () => {
    const scores = read<Scores>("test/fixtures/glyphs/scores.json");
    for (const [name, other] of Object.entries(SAME)) {
      const variant = report.variants.find((each) => each.name === name);
      const counted = Object.fromEntries(variant?.scores.map(({ split, correct }) => [split, correct]) ?? []);
      assert.deepEqual(counted, scores.variants[other]?.correct, name);
    }
    assert.deepEqual(
      Object.fromEntries(report.splits.map(({ name, examples }) => [name, examples])),
      scores.sets,
    );
  });

  it("stand there as the run found them, table and pictures", () => {
    const files = generatedFiles(".");
    for (const path of ["README.md", "docs/images/demo-scores.svg"])
      assert.equal(readFileSync(path, "utf8"), files.get(path), path);
    assert.match(readFileSync("README.md", "utf8"), /^\| model_stock \| .* \| 90\.3 \| 66\.5 ▲ \|$/m);
  });
});
