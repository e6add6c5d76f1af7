import { bin } from "d3-array";
import { scaleLinear } from "d3-scale";
import { bottomAxis, FIGURE_WIDTH, leftAxis, legend } from "./axes.ts";
import type { Diagnosis } from "./diagnosis-types.ts";
import { element } from "./svg.ts";
import type { Figure } from "./svg.ts";

const BINS = 20;

/** How many tensors Model Stock moves how far; undefined where it moves none. */
export function ratioHistogram({ tensors }: Diagnosis): Figure | undefined {
  const ratios = tensors.flatMap(({ t, clamped }) => (t === undefined ? [] : [{ t, clamped }]));
  if (ratios.length === 0) return undefined;
  const frame = { left: 40, right: FIGURE_WIDTH - 14, top: 34, bottom: 200 };
  const x = scaleLinear([0, 1], [frame.left, frame.right]);
  const edges = Array.from({ length: BINS - 1 }, (_, i) => (i + 1) / BINS);
  const bins = bin<(typeof ratios)[number], number>()
    .value(({ t }) => t)
    .domain([0, 1])
    .thresholds(edges)(ratios);
  const highest = Math.max(...bins.map(({ length }) => length));
  const y = scaleLinear([0, highest], [frame.bottom, frame.top]).nice(4);
  const clamped = ratios.filter((each) => each.clamped).length;
  const bar = (from: number, to: number, low: number, high: number, colour: string) =>
    element("rect", {
      x: x(from) + 1,
      width: Math.max(0, x(to) - x(from) - 2),
      y: y(high),
      height: Math.max(0, y(low) - y(high)),
      class: `f-${colour}`,
    });
  const key = legend(
    clamped === 0
      ? []
      : [
          {
            text: `negative cosine, t set to 0: ${clamped} of ${ratios.length} tensors`,
            mark: element("rect", { x: -5, y: -5, width: 10, height: 10, class: "f-accent" }),
          },
        ],
    frame.bottom + 52,
  );
  return {
    name: "ratios",
    title: "How far Model Stock goes",
    description: `The ratio t of ${ratios.length} tensors: 0 gives the base, 1 the mean of the models.`,
    width: FIGURE_WIDTH,
    height: frame.bottom + 46 + key.height,
    content: [
      ...leftAxis(y, frame, { title: "Tensors", ticks: Math.min(4, highest), format: String }),
      ...bottomAxis(x, frame, { title: "t: from the base (0) to the mean (1)", format: (v) => v.toFixed(1) }),
      ...bins.flatMap((each) => {
        const [from = 0, to = 0] = [each.x0, each.x1];
        const set = each.filter((one) => one.clamped).length;
        return [
          bar(from, to, set, each.length, "blue"),
          ...(set === 0 ? [] : [bar(from, to, 0, set, "accent")]),
        ];
      }),
      ...key.content,
    ],
  };
}
