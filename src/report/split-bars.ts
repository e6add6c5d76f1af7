import { scaleLinear } from "d3-scale";
import { bottomAxis, FIGURE_WIDTH, percent } from "./axes.ts";
import type { Frame, Scale } from "./axes.ts";
import { lookOf } from "./marks.ts";
import type { CompareReport, ReportScore, ReportSplit, ReportVariant } from "./report-types.ts";
import { element, label, textWidth } from "./svg.ts";
import type { Figure } from "./svg.ts";

const ROW = 20;

/** For each split the accuracies as bars with intervals; points of the curve and rows measured elsewhere left out. */
export function splitBars(report: CompareReport): Figure[] {
  const variants = report.variants.filter(({ kind }) => kind !== "curve" && kind !== "elsewhere");
  return report.splits.flatMap((split, position) => {
    const bars = variants.flatMap((variant) => {
      const score = variant.scores.find((each) => each.split === split.name);
      return score === undefined ? [] : [{ variant, score }];
    });
    return bars.length < 2 ? [] : [barsOf(split, position, bars, report.baseline)];
  });
}

interface Bar {
  readonly variant: ReportVariant;
  readonly score: ReportScore;
}

function barsOf(
  split: ReportSplit,
  position: number,
  bars: readonly Bar[],
  baseline: string | undefined,
): Figure {
  const names = Math.min(150, Math.max(...bars.map(({ variant }) => textWidth(variant.name))) + 14);
  const frame = { left: names, right: FIGURE_WIDTH - 48, top: 6, bottom: 6 + bars.length * ROW };
  const ends = bars.map(({ score }) => score.interval?.high ?? score.accuracy);
  const x = scaleLinear([0, Math.max(...ends)], [frame.left, frame.right]).nice(4);
  const reference = bars.find(({ variant }) => variant.name === baseline);
  const size = split.examples === undefined ? "" : `, ${split.examples} examples`;
  return {
    name: `split-${position + 1}`,
    title: `${split.name} (${split.role}${size})`,
    description: `Accuracy of ${bars.length} variants on ${split.name}, with 95 % intervals${
      reference === undefined ? "" : `; the dashed line is ${reference.variant.name}`
    }.`,
    width: FIGURE_WIDTH,
    height: frame.bottom + 42,
    content: [
      ...bottomAxis(x, frame, { title: "Accuracy, 95 % intervals", ticks: 4, format: (v) => percent(v) }),
      ...bars.flatMap((bar, i) => barMarks(bar, x, { ...frame, top: frame.top + i * ROW })),
      ...(reference === undefined
        ? []
        : [
            element("line", {
              x1: x(reference.score.accuracy),
              x2: x(reference.score.accuracy),
              y1: frame.top,
              y2: frame.bottom,
              class: "line s-purple",
              "stroke-dasharray": "4 3",
            }),
          ]),
    ],
  };
}

/** Name, bar, interval and number of one variant, in a row that starts at `top`. */
function barMarks({ variant, score }: Bar, x: Scale, { left, top }: Frame): string[] {
  const [from = 0] = x.range();
  const { colour } = lookOf(variant);
  const end = x(score.accuracy);
  const middle = top + ROW / 2;
  const strong = variant.method === "model_stock" ? { class: "bold" } : {};
  return [
    label(variant.name, left - 6, middle + 4, { "text-anchor": "end", ...strong }),
    element("rect", {
      x: from,
      y: top + 4,
      width: Math.max(0, end - from),
      height: ROW - 8,
      class: `f-${colour}`,
      "fill-opacity": 0.55,
    }),
    ...(score.interval === undefined
      ? []
      : [
          element("line", {
            x1: x(score.interval.low),
            x2: x(score.interval.high),
            y1: middle,
            y2: middle,
            class: "line s-ink",
          }),
        ]),
    label(percent(score.accuracy, 1), FIGURE_WIDTH - 2, middle + 4, {
      "text-anchor": "end",
      ...strong,
    }),
  ];
}
