import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { bottomAxis, FIGURE_WIDTH, leftAxis, legend, scaleOver } from "./axes.ts";
import type { Frame, LegendEntry } from "./axes.ts";
import type { DiagnosedTensor, Diagnosis } from "./diagnosis-types.ts";
import { element, label } from "./svg.ts";
import type { Figure } from "./svg.ts";

const KIND_COLOURS: Readonly<Record<DiagnosedTensor["kind"], string>> = {
  attention: "blue",
  mlp: "orange",
  norm: "green",
  bias: "pink",
  embedding: "purple",
  head: "accent",
  other: "teal",
};

interface Angled {
  readonly layer: number | undefined;
  readonly kind: DiagnosedTensor["kind"];
  readonly angle: number;
}

/** A figure of more points is slow to draw, and no more can be told apart. */
const MOST_POINTS = 1_500;

/** Angle between task vectors by layer, a point for each tensor; undefined where no two models moved. */
export function angles({ tensors, layers }: Diagnosis): Figure | undefined {
  const points = tensors.flatMap(({ layer, kind, angle }): Angled[] =>
    angle === undefined ? [] : [{ layer, kind, angle }],
  );
  if (points.length === 0) return undefined;
  const every = Math.ceil(points.length / MOST_POINTS);
  const shown = points.filter((_, i) => i % every === 0);
  const frame = { left: 40, right: FIGURE_WIDTH - 12, top: 34, bottom: 230 };
  const last = Math.max(0, ...layers.map(({ layer }) => layer));
  // Tensors outside layers stand in a column of their own, left of layer 0.
  const hasOutside = points.some(({ layer }) => layer === undefined);
  const x = scaleLinear([hasOutside ? -1.6 : -0.5, last + 0.5], [frame.left, frame.right]);
  const y = scaleOver([...points.map(({ angle }) => angle), 90], frame.bottom, frame.top);
  const kinds = [...new Set(points.map(({ kind }) => kind))];
  const medians = layers.flatMap(({ layer, angle }): [number, number][] =>
    angle === undefined ? [] : [[x(layer), y(angle.median)]],
  );
  const key = legend(entriesOf(kinds, medians.length > 1), frame.bottom + 52);
  const outside = hasOutside
    ? [label("none", x(-1.1), frame.bottom + 16, { "text-anchor": "middle", class: "f-quiet" })]
    : [];
  return {
    name: "angles",
    title: "Angle between task vectors",
    description: `Mean angle between the task vectors of ${points.length} tensors${every === 1 ? "" : ` (one in ${every} drawn)`}, by layer and kind. At 90 degrees the models have nothing in common and Model Stock gives the base.`,
    width: FIGURE_WIDTH,
    height: frame.bottom + 46 + key.height,
    content: [
      ...leftAxis(y, frame, { title: "Angle, degrees", format: String }),
      ...bottomAxis(
        x,
        { ...frame },
        {
          title: "Layer",
          ticks: Math.min(8, last + 1),
          format: (value) => (Number.isInteger(value) && value >= 0 ? String(value) : ""),
        },
      ),
      ...outside,
      rightAngle(frame, y(90)),
      ...shown.map(({ layer, kind, angle }, i) => dot(x((layer ?? -1.1) + jitter(i)), y(angle), kind)),
      ...(medians.length < 2 ? [] : [element("path", { d: line()(medians) ?? "", class: "line s-ink" })]),
      ...key.content,
    ],
  };
}

/** Spreads points of one layer, the same way every time. */
function jitter(i: number): number {
  return (((i * 7) % 11) / 11 - 0.5) * 0.5;
}

function dot(x: number, y: number, kind: DiagnosedTensor["kind"]): string {
  return element("circle", { cx: x, cy: y, r: 3.2, class: `f-${KIND_COLOURS[kind]}`, "fill-opacity": 0.8 });
}

function entriesOf(kinds: readonly DiagnosedTensor["kind"][], withMedian: boolean): LegendEntry[] {
  const dots = kinds.map((kind) => ({ text: kind, mark: dot(0, 0, kind) }));
  const median = {
    text: "median of the layer",
    mark: element("path", { d: "M-7 0H7", class: "line s-ink" }),
  };
  return withMedian ? [...dots, median] : dots;
}

/** Where models have nothing in common. */
function rightAngle({ left, right }: Frame, y: number): string {
  return element("line", {
    x1: left,
    x2: right,
    y1: y,
    y2: y,
    class: "line s-quiet",
    "stroke-dasharray": "4 3",
  });
}
