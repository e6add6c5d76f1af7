import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { renderComparison } from "../../src/cli/render-comparison.ts";
import { createStyle } from "../../src/cli/style.ts";
import type { CompareReport } from "../../src/index.ts";
import { runCli } from "./captured-io.ts";

const sample = JSON.parse(readFileSync("test/fixtures/report/report.json", "utf8")) as CompareReport;

describe("stockpot compare", () => {
  const inFolder = useTemporaryFolder();

  it("prints what the weights tell, and where the report is", async () => {
    const out = inFolder("out");
    const { status, stdout } = await runCli(["compare", "recipes/glyphs-model-stock.yml", out, "--quiet"]);
    assert.deepEqual([status, stdout], [0, ""]);
    const again = await runCli(["compare", "recipes/glyphs-model-stock.yml", out, "--force"]);
    assert.equal(again.status, 0, again.stderr);
    assert.match(again.stdout, /model_stock +5\.49 +1\.95 +Model Stock of ft1, ft2, ft3 and ft4/);
    assert.match(again.stdout, /attention +16 +63\.9° +62–67° +0\.76 +0\.72–0\.78/);
    assert.match(again.stdout, /ft4 moved 3\.0 times as far as the median/);
    assert.ok(again.stdout.includes(`The report is in ${out}: `));
  });

  it("prints the report for a program, and nothing else on standard output", async () => {
    const { stdout } = await runCli([
      "compare",
      "recipes/glyphs-model-stock.yml",
      inFolder("json"),
      "--json",
    ]);
    const report = JSON.parse(stdout) as CompareReport;
    assert.equal(report.diagnosis?.all.tensors, 73);
  });
});

describe("The table of a comparison", () => {
  const lines = renderComparison(sample, "OUT", createStyle(false), 100);
  const row = (name: string) => lines.find((line) => line.trimStart().startsWith(`${name} `)) ?? "";

  it("has a bar beside each score, as long as the score is above the smallest of its column", () => {
    const bars = (name: string) => [...row(name).matchAll(/[█▏▎▍▌▋▊▉]+/g)].map(([bar]) => bar.length);
    assert.equal(bars("greedy_soup")[0], 8);
    assert.ok(bars("Model Soups, uniform soup").every((length) => length <= 2));
    assert.ok(row("model_stock").includes("66.5"), row("model_stock"));
  });

  it("marks what is measurably better or worse than the baseline, and nothing else", () => {
    assert.match(row("model_stock"), /▲/);
    assert.match(row("task_arithmetic"), /▼/);
    assert.doesNotMatch(row("ft1"), /[▲▼]/);
    assert.doesNotMatch(row("uniform_soup"), /[▲▼]/);
  });

  it("shows of a curve its best point, and of rows measured elsewhere that they are", () => {
    assert.deepEqual(lines.filter((line) => line.includes("wise_ft 0.")).length, 1);
    assert.match(lines.join("\n"), /Model Soups, uniform soup .*not measured here/);
  });

  it("says in words what the verdict is, first of all", () => {
    assert.match(lines[0] ?? "", /^Model Stock beats the uniform soup under shift/);
  });

  it("colours only what is marked, named or said aside", () => {
    const coloured = renderComparison(sample, "OUT", createStyle(true), 100).join("\n");
    const plain = coloured.replaceAll(/\u001b\[\d+m/g, "");
    assert.equal(plain, lines.join("\n"));
  });
});
