import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { figureFiles, figuresOf } from "../../src/report/figures.ts";
import { reportPage } from "../../src/report/page.ts";
import type { CompareReport } from "../../src/report/report-types.ts";
import { COLOURS } from "../../src/report/svg.ts";

const sample = () => JSON.parse(readFileSync("test/fixtures/report/report.json", "utf8")) as CompareReport;

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a: string, b: string) => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
};

/** Places of the marks in drawing order. */
const places = (markup: string) =>
  [...markup.matchAll(/<path d="[^"]*" transform="translate\(([-\d.]+) ([-\d.]+)\)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);

describe("The report page", () => {
  it("is one file below 1 MB that names no other", () => {
    const page = reportPage(sample());
    assert.ok(page.length < 1_000_000);
    const links = [...page.matchAll(/(?:src|href|url)\s*[=(]|https?:\/\/[^"\s<]+/g)].map(([found]) => found);
    assert.deepEqual([...new Set(links)], ["http://www.w3.org/2000/svg"]);
  });

  it("stays below 1 MB for a model of twenty thousand tensors", () => {
    const report = sample();
    const { diagnosis } = report;
    const [tensor] = diagnosis?.tensors ?? [];
    if (diagnosis === undefined || tensor === undefined) assert.fail();
    const tensors = Array.from({ length: 20_000 }, (_, i) => {
      return { ...tensor, name: `model.layers.${i % 100}.mlp.experts.${i}.gate_proj.weight`, layer: i % 100 };
    });
    const page = reportPage({ ...report, diagnosis: { ...diagnosis, tensors } });
    assert.ok(page.length < 1_000_000, String(page.length));
    assert.match(page, /the task vectors of 20000 tensors \(one in 14 drawn\)/);
  });

  it("shows what the report says, and nothing of it as markup", () => {
    const report = sample();
    const hostile = `<img src=x onerror="alert(1)">&`;
    const page = reportPage({ ...report, title: hostile, recipe: { ...report.recipe, text: hostile } });
    assert.ok(!page.includes("<img"));
    assert.equal(page.split("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;").length, 4);
    assert.ok(page.includes(report.verdict.headline));
    for (const sentence of report.verdict.sentences) assert.ok(page.includes(sentence));
    for (const { advice } of report.diagnosis?.findings ?? []) assert.ok(page.includes(advice));
  });

  it("has a row for every variant, with its counts, and marks what was measured elsewhere", () => {
    const report = sample();
    const page = reportPage(report);
    for (const { name, scores } of report.variants) {
      assert.ok(page.includes(`>${name}`), name);
      for (const { correct } of scores) if (correct !== undefined) assert.ok(page.includes(`(${correct})`));
    }
    assert.match(page, /measured elsewhere: model-soups repository/);
  });

  it("leaves out what there is nothing of", () => {
    const { diagnosis, ...report } = sample();
    assert.ok(diagnosis !== undefined);
    const page = reportPage({ ...report, variants: [], splits: [], comparisons: [] });
    assert.ok(!page.includes("What the weights tell") && !page.includes("Split by split"));
    assert.ok(!page.includes("NaN") && !page.includes("undefined"));
  });

  it("has text of contrast 4.5 and marks of contrast 3 at least, light and dark", () => {
    for (const scheme of [0, 1] as const) {
      const paper = COLOURS.paper[scheme];
      for (const [name, colours] of Object.entries(COLOURS)) {
        if (name === "paper" || name === "rule") continue;
        const least = name === "ink" || name === "quiet" ? 4.5 : 3;
        assert.ok(contrast(colours[scheme], paper) >= least, `${name}: ${contrast(colours[scheme], paper)}`);
      }
    }
    assert.ok(Math.abs(contrast("#000000", "#ffffff") - 21) < 1e-9);
  });
});

describe("Figures of the report", () => {
  it("are documents of their own, with a title and a description", () => {
    const files = figureFiles(sample());
    const names = [...files.keys()].filter((name) => !name.startsWith("split-"));
    assert.deepEqual(names, [
      "scores.svg",
      "greedy.svg",
      "angles.svg",
      "ratios.svg",
      "triangle-small.svg",
      "triangle-large.svg",
    ]);
    for (const [name, text] of files) {
      assert.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/, name);
      assert.match(text, /<title [^>]*>[^<]+<\/title><desc [^>]*>[^<]+<\/desc><style>/, name);
      assert.ok(!text.includes("NaN") && !text.includes("undefined") && !text.includes("Infinity"), name);
    }
  });

  it("place each variant by its two averages: differences keep their proportions", () => {
    const report = sample();
    const [figure] = figuresOf(report).scores;
    const marks = places(figure?.content.join("") ?? "");
    const scored = report.variants.filter(({ inDistribution, underShift }) => inDistribution && underShift);
    assert.equal(marks.length, scored.length);
    const of = (name: string) => {
      const i = scored.findIndex((variant) => variant.name === name);
      const [x = NaN, y = NaN] = marks[i] ?? [];
      return {
        x,
        y,
        a: scored[i]?.inDistribution?.accuracy ?? NaN,
        b: scored[i]?.underShift?.accuracy ?? NaN,
      };
    };
    const [base, ft1, ft4] = [of("base"), of("ft1"), of("ft4")];
    const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 2e-3 * Math.abs(b), `${a} ${b}`);
    near((ft1.x - base.x) / (ft4.x - base.x), (ft1.a - base.a) / (ft4.a - base.a));
    near((ft1.y - ft4.y) / (base.y - ft4.y), (ft1.b - ft4.b) / (base.b - ft4.b));
    assert.ok(ft1.x > base.x && ft4.y > base.y, "right is better, up is better");
  });

  it("draw triangles to scale: one unit is as long upwards as to the right", () => {
    const report = sample();
    const { triangles } = report.diagnosis ?? assert.fail();
    figuresOf(report).triangles.forEach((figure, k) => {
      const { models, mean, merged } = triangles[k] ?? assert.fail();
      const marks = places(figure.content.join(""));
      const points = [{ x: 0, y: 0 }, ...models, mean, merged];
      const length = (a?: number[], b?: number[]) =>
        Math.hypot((a?.[0] ?? NaN) - (b?.[0] ?? NaN), (a?.[1] ?? NaN) - (b?.[1] ?? NaN));
      const unit = length(marks[0], marks[5]) / mean.x;
      models.forEach((point, i) => {
        const drawn = length(marks[0], marks[i + 1]);
        assert.ok(Math.abs(drawn - unit * Math.hypot(point.x, point.y)) < 0.05, `${figure.name} ${i}`);
      });
      const t = length(marks[0], marks[6]) / length(marks[0], marks[5]);
      assert.ok(Math.abs(t - (triangles[k]?.t ?? NaN)) < 1e-3);
      assert.equal(marks.length, points.length);
    });
  });

  it("count every tensor once in the histogram of ratios", () => {
    const report = sample();
    const { tensors } = report.diagnosis ?? assert.fail();
    const figure = figuresOf(report).geometry.find(({ name }) => name === "ratios");
    const bars = (figure?.content.join("") ?? "").matchAll(
      /<rect x="([\d.]+)" .*?height="([\d.]+)" class="f-\w+"/g,
    );
    const heights = new Map<string, number>();
    for (const [, x = "", height] of bars) heights.set(x, (heights.get(x) ?? 0) + Number(height));
    const known = tensors.flatMap(({ t }) => (t === undefined ? [] : [Math.min(19, Math.floor(t * 20))]));
    const counts = Array.from({ length: 20 }, (_, i) => known.filter((each) => each === i).length);
    const unit = Math.max(...heights.values()) / Math.max(...counts);
    assert.equal(heights.size, 20);
    [...heights.values()].forEach((height, i) => {
      assert.ok(Math.abs(height - unit * (counts[i] ?? NaN)) < 0.02, `bar ${i}`);
    });
  });

  it("draw bars from zero, as long as the accuracies", () => {
    const [figure] = figuresOf(sample()).splits;
    const widths = [...(figure?.content.join("") ?? "").matchAll(/width="([\d.]+)" height="12"/g)].map(
      ([, width]) => Number(width),
    );
    const accuracies = sample()
      .variants.filter(({ kind }) => kind !== "curve" && kind !== "elsewhere")
      .map(({ scores }) => scores[0]?.accuracy ?? NaN);
    const unit = (widths[0] ?? NaN) / (accuracies[0] ?? NaN);
    widths.forEach((width, i) => assert.ok(Math.abs(width - unit * (accuracies[i] ?? NaN)) < 0.05));
    assert.equal(widths.length, accuracies.length);
  });
});
