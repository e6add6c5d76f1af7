import { line } from "d3-shape";
import { bottomAxis, FIGURE_WIDTH, leftAxis, legend, percent, scaleOver } from "./axes.ts";
import type { Scale } from "./axes.ts";
import { placeLabels } from "./labels.ts";
import { lookOf, mark } from "./marks.ts";
import type { CompareReport, ReportAverage, ReportVariant } from "./report-types.ts";
import { element } from "./svg.ts";
import type { Figure } from "./svg.ts";

interface Placed {
  readonly variant: ReportVariant;
  readonly inside: ReportAverage;
  readonly outside: ReportAverage;
}

/** Scores in against out of distribution; undefined without both for two variants. */
export function scatter(report: CompareReport): Figure | undefined {
  const points = report.variants.flatMap((variant): Placed[] => {
    const { inDistribution: inside, underShift: outside } = variant;
    return inside === undefined || outside === undefined ? [] : [{ variant, inside, outside }];
  });
  if (points.length < 2) return undefined;
  const frame = { left: 52, right: FIGURE_WIDTH - 22, top: 34, bottom: 310 };
  const x = scaleOver(
    points.map(({ inside }) => inside.accuracy),
    frame.left,
    frame.right,
  );
  const y = scaleOver(
    points.map(({ outside }) => outside.accuracy),
    frame.bottom,
    frame.top,
  );
  const named = points.filter(({ variant }) => variant.kind !== "curve");
  const marks = points.map((point) => ({ x: x(point.inside.accuracy), y: y(point.outside.accuracy) }));
  const labels = placeLabels(
    named.map(({ variant, inside, outside }) => {
      return {
        text: variant.name,
        x: x(inside.accuracy),
        y: y(outside.accuracy),
        bold: variant.method === "model_stock",
      };
    }),
    marks,
    frame,
  );
  const curve = curvePath(report, x, y);
  const key = legend(curve === undefined ? [] : [curve.entry], frame.bottom + 52);
  return {
    name: "scores",
    title: "In distribution against under shift",
    description: `Accuracy of ${points.length} variants: to the right is better in distribution, up is better under shift. Lines are 95 % intervals.`,
    width: FIGURE_WIDTH,
    height: frame.bottom + 46 + key.height,
    content: [
      ...leftAxis(y, frame, { title: "Accuracy under shift (mean of shifts)", format: (v) => percent(v) }),
      ...bottomAxis(x, frame, { title: "Accuracy in distribution", format: (v) => percent(v) }),
      ...named.flatMap((point) => whiskers(point, x, y)),
      ...(curve === undefined ? [] : [curve.path]),
      ...points.map(({ variant, inside, outside }) =>
        mark(lookOf(variant), x(inside.accuracy), y(outside.accuracy)),
      ),
      ...labels,
      ...key.content,
    ],
  };
}

function curvePath({ curve, variants }: CompareReport, x: Scale, y: Scale) {
  const points = (curve?.points ?? []).flatMap(({ variant }): [number, number][] => {
    const found = variants.find(({ name }) => name === variant);
    const [inside, outside] = [found?.inDistribution?.accuracy, found?.underShift?.accuracy];
    return inside === undefined || outside === undefined ? [] : [[x(inside), y(outside)]];
  });
  if (curve === undefined || points.length < 2) return undefined;
  const look = { class: "line s-green" };
  const short = element("path", { d: "M-7 0H7", ...look });
  return {
    path: element("path", { d: line()(points) ?? "", ...look }),
    entry: { text: `WiSE-FT from the base to ${curve.model}`, mark: short },
  };
}

function whiskers({ variant, inside, outside }: Placed, x: Scale, y: Scale): string[] {
  const look = { class: `line s-${lookOf(variant).colour}`, "stroke-opacity": 0.45 };
  const [cx, cy] = [x(inside.accuracy), y(outside.accuracy)];
  const clip = (scale: Scale, value: number) => {
    const [a = 0, b = 0] = scale.range();
    return Math.min(Math.max(scale(value), Math.min(a, b)), Math.max(a, b));
  };
  const across = inside.interval && {
    x1: clip(x, inside.interval.low),
    x2: clip(x, inside.interval.high),
    y1: cy,
    y2: cy,
  };
  const up = outside.interval && {
    y1: clip(y, outside.interval.low),
    y2: clip(y, outside.interval.high),
    x1: cx,
    x2: cx,
  };
  return [across, up].flatMap((ends) => (ends === undefined ? [] : [element("line", { ...ends, ...look })]));
}
