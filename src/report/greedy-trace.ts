import { scaleLinear } from "d3-scale";
import { line, symbolCircle } from "d3-shape";
import { FIGURE_WIDTH, leftAxis, legend, scaleOver } from "./axes.ts";
import { mark } from "./marks.ts";
import type { ReportGreedy } from "./report-types.ts";
import { element, label } from "./svg.ts";
import type { Figure } from "./svg.ts";

/** The decisions of a greedy soup, in their order: what each model would have given, and whether it stayed. */
export function greedyTrace({ steps, split, members }: ReportGreedy): Figure {
  const frame = { left: 52, right: FIGURE_WIDTH - 14, top: 34, bottom: 220 };
  const x = scaleLinear([-0.5, steps.length - 0.5], [frame.left, frame.right]);
  const values = steps.flatMap(({ alone, soup }) => [alone, soup]);
  const y = scaleOver(values, frame.bottom, frame.top);
  let best = -Infinity;
  const kept = steps.map((step, i): [number, number] => [x(i), y((best = step.added ? step.soup : best))]);
  const look = {
    alone: { shape: symbolCircle, colour: "quiet", size: 40, hollow: true },
    added: { shape: symbolCircle, colour: "green", size: 80 },
    refused: { shape: symbolCircle, colour: "accent", size: 80, hollow: true },
  };
  const key = legend(
    [
      { text: "model alone", mark: mark(look.alone) },
      { text: "soup with it: kept", mark: mark(look.added) },
      { text: "soup with it: refused", mark: mark(look.refused) },
    ],
    frame.bottom + 38,
  );
  // Room for all names, or for every other one.
  const every = Math.ceil((steps.length * 52) / (frame.right - frame.left));
  return {
    name: "greedy",
    title: `Greedy soup on ${split}`,
    description: `${steps.length} models tried in the order of their score; ${members.join(", ")} stayed.`,
    width: FIGURE_WIDTH,
    height: frame.bottom + 32 + key.height,
    content: [
      ...leftAxis(y, frame, {
        title: `Right answers on ${split}`,
        format: (value) => value.toLocaleString("en"),
      }),
      element("path", { d: line()(kept) ?? "", class: "line s-green" }),
      ...steps.flatMap(({ model, alone, soup, added }, i) => [
        ...(i % every === 0
          ? [label(model, x(i), frame.bottom + 16, { "text-anchor": "middle", class: "f-quiet" })]
          : []),
        mark(look.alone, x(i), y(alone)),
        mark(added ? look.added : look.refused, x(i), y(soup)),
      ]),
      ...key.content,
    ],
  };
}
