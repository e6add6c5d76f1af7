import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { compare } from "../../src/index.ts";
import type { CompareReport } from "../../src/index.ts";
import { reportSchema } from "../../src/report/report-types.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { runMerge } from "../fixtures/run-merge.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

const MODELS = `base_model: demo/glyphs/base\nmodels:\n${[1, 2, 3, 4].map((i) => `  - model: demo/glyphs/ft${i}\n`).join("")}`;
const { variants: KNOWN, sets: SETS } = JSON.parse(
  readFileSync("test/fixtures/glyphs/scores.json", "utf8"),
) as {
  sets: Record<string, number>;
  variants: Record<
    string,
    { correct: Record<string, number>; near_ties?: Record<string, readonly number[]> }
  >;
};

/** Held out, and one shift: enough to see every part at work in a few seconds. */
const SPLITS = ["val", "shift-degraded"];

describe("A comparison with data", () => {
  const inFolder = useTemporaryFolder();
  let report: CompareReport;
  let stages: Set<string>;

  before(async function () {
    this.timeout(120_000);
    await writeFile(
      inFolder("published.jsonl"),
      '{"name": "a model elsewhere", "scores": {"shift-degraded": 51.2, "other": {"correct": 3, "examples": 4}}, "source": "a paper"}\n',
    );
    const text = `${MODELS}compare:
  data: demo/glyphs/data
  splits: [${SPLITS.join(", ")}]
  variants: [base, models, uniform_soup, model_stock, task_arithmetic, greedy_soup, {merge_method: wise_ft, step: 0.5, models: [ft1]}, ensemble, {merge_method: ties, parameters: {weight: 1, density: 1}}]
  keep: [model_stock]
  results: [published.jsonl]
`;
    stages = new Set();
    report = await compare({
      recipe: { text, file: inFolder("recipe.yml") },
      out: inFolder("out"),
      onProgress: ({ stage }) => stages.add(stage),
    });
  });

  const correctOf = (name: string, split: string) =>
    report.variants.find((each) => each.name === name)?.scores.find((each) => each.split === split)?.correct;

  it("counts the right answers of inputs and merges as an independent program did", () => {
    const same: Readonly<Record<string, string>> = {
      base: "base",
      ft1: "ft1",
      ft2: "ft2",
      ft3: "ft3",
      ft4: "ft4",
      uniform_soup: "uniform-soup",
      model_stock: "model-stock",
      task_arithmetic: "task-arithmetic-0.3",
      greedy_soup: "greedy-soup",
      "wise_ft 0.5": "wise-ft1-0.5",
    };
    for (const [name, known] of Object.entries(same)) {
      for (const split of SPLITS) {
        const ties = KNOWN[known]?.near_ties?.[split]?.length ?? 0;
        const [got = NaN, expected = NaN] = [correctOf(name, split), KNOWN[known]?.correct[split]];
        assert.ok(Math.abs(got - expected) <= ties, `${name} on ${split}: ${got}, not ${expected}`);
      }
    }
  });

  it("writes a report that its schema accepts, the same as it gives", () => {
    const written = JSON.parse(readFileSync(inFolder("out", "report.json"), "utf8")) as unknown;
    assert.deepEqual(written, JSON.parse(JSON.stringify(report)));
    const validate = new Ajv({ allErrors: true }).compile(reportSchema());
    validate(written);
    assert.deepEqual(validate.errors, null);
    assert.match(
      readFileSync(inFolder("out", "report.md"), "utf8"),
      /\| model_stock \| Model Stock of ft1, ft2, ft3 and ft4 \|/,
    );
    assert.deepEqual([...stages].sort(), ["evaluate", "measure"]);
  });

  it("keeps the weights that the recipe names, as a merge writes them, and no others", async () => {
    assert.deepEqual(readdirSync(inFolder("out")).sort(), [
      "figures",
      "model_stock",
      "report.html",
      "report.json",
      "report.md",
    ]);
    assert.equal(report.variants.find(({ name }) => name === "model_stock")?.kept, "model_stock");
    const merged = await runMerge("recipes/glyphs-model-stock.yml", inFolder("merged"));
    const [kept, expected] = [readWeights(inFolder("out", "model_stock")), readWeights(merged.out)];
    for (const [name, { bytes }] of expected) assert.deepEqual(kept.get(name)?.bytes, bytes, name);
    assert.ok(!existsSync(inFolder("out", "uniform_soup")));
    assert.ok(existsSync(inFolder("out", "model_stock", "stockpot.lock.json")));
  });

  it("says which variants one measuring pass was enough for", () => {
    const made = (name: string) => report.variants.find((each) => each.name === name)?.made;
    assert.deepEqual(
      [made("model_stock"), made("greedy_soup"), made("ties"), made("base")],
      ["coefficients", "coefficients", "merge", undefined],
    );
    // TIES with density 1 and equal weights still drops entries by their sign: no linear merge has its score.
    assert.ok((correctOf("ties", "val") ?? 0) > (SETS["val"] ?? NaN) / 2);
  });

  it("traces the greedy soup and the curve", () => {
    assert.deepEqual(
      report.greedy?.steps.map(({ model, alone, soup, added }) => [model, alone, soup, added]),
      [
        ["ft2", 671, 671, true],
        ["ft1", 666, 675, true],
        ["ft3", 641, 662, false],
        ["ft4", 622, 650, false],
      ],
    );
    assert.deepEqual(report.curve, {
      model: "ft1",
      points: [
        { alpha: 0, variant: "base" },
        { alpha: 0.5, variant: "wise_ft 0.5" },
        { alpha: 1, variant: "ft1" },
      ],
    });
  });

  it("tests variants against the uniform soup on the same examples", () => {
    const found = report.comparisons.find(
      ({ variant, scope }) => variant === "model_stock" && scope === "shift-degraded",
    );
    assert.equal(report.baseline, "uniform_soup");
    assert.equal((found?.gained ?? 0) - (found?.lost ?? 0), 349 - 304);
    assert.equal(found?.verdict, "better");
    assert.ok(report.comparisons.every(({ variant }) => !variant.startsWith("wise_ft")));
  });

  it("does not hide that the base is better under shift, and the ensemble is no model", () => {
    const words = [report.verdict.headline, ...report.verdict.sentences].join(" ");
    assert.match(words, /model_stock against uniform_soup: better under shift \(\+6\.3 points/);
    assert.match(words, /Under shift the base is better than model_stock \(60\.0 % against 48\.5 %/);
    const ensemble = report.variants.find(({ kind }) => kind === "ensemble");
    assert.deepEqual(ensemble?.members, ["ft1", "ft2", "ft3", "ft4"]);
    assert.ok((ensemble.scores[0]?.correct ?? 0) > 0);
  });

  it("adds what was measured elsewhere, marked so and out of every test", () => {
    const row = report.variants.find(({ kind }) => kind === "elsewhere");
    assert.equal(row?.source, "a paper");
    assert.equal(row.underShift?.accuracy, 0.512);
    assert.deepEqual(
      row.scores.map(({ split, accuracy, correct }) => [split, accuracy, correct]),
      [
        ["shift-degraded", 0.512, undefined],
        ["other", 0.75, 3],
      ],
    );
    assert.ok(!JSON.stringify(report.comparisons).includes("elsewhere"));
  });
});

describe("A comparison without data", () => {
  const inFolder = useTemporaryFolder();

  it("tells what the weights tell, and what was left out", async () => {
    const report = await compare({ recipe: { text: MODELS }, out: inFolder("out") });
    const names = report.variants.map(({ name }) => name);
    assert.deepEqual(names.slice(5), ["uniform_soup", "model_stock", "task_arithmetic"]);
    assert.match(report.verdict.headline, /Without data/);
    assert.deepEqual(report.warnings, ["Without data wise_ft, greedy_soup and ensemble are left out."]);
    const soup = report.variants.find(({ name }) => name === "uniform_soup");
    const stock = report.variants.find(({ name }) => name === "model_stock");
    assert.ok((stock?.distances?.toBase ?? NaN) < (soup?.distances?.toBase ?? NaN));
    assert.ok((soup?.distances?.toSoup ?? NaN) < 1e-5);
    assert.equal(report.diagnosis?.soupToBase, soup?.distances?.toBase);
  });

  it("refuses an output folder that holds something, before it reads a weight", async () => {
    await writeFile(inFolder("full.txt"), "");
    await assert.rejects(compare({ recipe: { text: MODELS }, out: inFolder(".") }), { code: "SINK_EXISTS" });
  });

  for (const [what, section, message] of [
    ["a variant to keep that is not there", "keep: [model_stok]", /Did you mean "model_stock"/],
    ["an input to keep", "keep: [ft1]", /need not be kept/],
    ["a baseline that is not there", "baseline: soup", /The baseline "soup" is no variant/],
    ["a held-out split that is not there", "data: demo/glyphs/data\n  held_out: vall", /vall/],
    ["results that are not there", "results: [none.jsonl]", /none\.jsonl do not exist/],
  ] as const) {
    it(`refuses ${what}, and leaves no folder behind`, async () => {
      const out = inFolder(what.replaceAll(" ", "-"));
      const recipe = { text: `${MODELS}compare:\n  ${section}\n` };
      await assert.rejects(compare({ recipe, out }), { name: "EvaluateError", message });
      assert.ok(!existsSync(out));
    });
  }
});
