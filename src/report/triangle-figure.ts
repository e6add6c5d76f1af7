import { scaleLinear } from "d3-scale";
import { symbolCircle, symbolDiamond, symbolSquare, symbolStar } from "d3-shape";
import { FIGURE_WIDTH } from "./axes.ts";
import type { Triangle } from "./diagnosis-types.ts";
import { placeLabels } from "./labels.ts";
import { mark } from "./marks.ts";
import { element, label } from "./svg.ts";
import type { Figure } from "./svg.ts";

const MARGIN = 46;
const MOST_HEIGHT = 330;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Base, models, their mean and the merged point, to scale, in the plane that they span. */
export function triangleFigure(triangle: Triangle, names: readonly string[]): Figure {
  const { size, angle, t, tensor, shown, models, mean, merged } = triangle;
  const base = { x: 0, y: 0 };
  const points = [base, mean, merged, ...models];
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const inner = FIGURE_WIDTH - 2 * MARGIN;
  // One unit is as long upwards as it is to the right: angles in the picture are angles of the tensor.
  const perUnit = Math.min(inner / (right - left || 1), (MOST_HEIGHT - 2 * MARGIN) / (high - low || 1));
  const height = (high - low) * perUnit + 2 * MARGIN;
  const start = MARGIN + (inner - (right - left) * perUnit) / 2;
  const x = scaleLinear([left, left + 1], [start, start + perUnit]);
  const y = scaleLinear([high, high - 1], [MARGIN, MARGIN + perUnit]);
  const at = (p: Point) => ({ x: x(p.x), y: y(p.y) });
  const ray = (p: Point, look: string, dashes?: string) => lineBetween(at(base), at(p), look, dashes);
  const places = [base, merged, mean, ...models].map(at);
  const texts = ["base", "Model Stock", "mean", ...names];
  const frame = { left: 2, right: FIGURE_WIDTH - 2, top: 10, bottom: height - 4 };
  return {
    name: `triangle-${size === "small angle" ? "small" : "large"}`,
    title: `A ${size}: ${angle.toFixed(0)} degrees, t = ${t.toFixed(2)}`,
    description: `${tensor}: base, ${names.join(", ")}, their mean and the merged point, to scale. The plane holds ${(shown * 100).toFixed(0)} % of the models' squared distances from the base.`,
    width: FIGURE_WIDTH,
    height: height + 24,
    content: [
      ...models.map((p) => ray(p, "s-blue")),
      ...models.map((p) => lineBetween(at(p), at(mean), "s-rule")),
      ray(mean, "s-purple", "4 3"),
      ray(merged, "s-accent"),
      mark({ shape: symbolSquare, colour: "ink", size: 70 }, x(0), y(0)),
      ...models.map((p) => mark({ shape: symbolCircle, colour: "blue", size: 60 }, x(p.x), y(p.y))),
      mark({ shape: symbolDiamond, colour: "purple", size: 70 }, x(mean.x), y(mean.y)),
      mark({ shape: symbolStar, colour: "accent", size: 130 }, x(merged.x), y(merged.y)),
      ...placeLabels(
        places.map((place, i) => ({
          ...place,
          text: texts[i] ?? "",
          bold: i === 1,
          ...(i === 0 ? { side: "left" as const } : {}),
        })),
        places,
        frame,
      ),
      label(shortened(tensor), FIGURE_WIDTH / 2, height + 14, { "text-anchor": "middle", class: "f-quiet" }),
    ],
  };
}

/** The end of a long name tells more than its start. */
function shortened(name: string): string {
  return name.length <= 56 ? name : `...${name.slice(-53)}`;
}

function lineBetween(from: Point, to: Point, look: string, dashes?: string): string {
  return element("line", {
    x1: from.x,
    y1: from.y,
    x2: to.x,
    y2: to.y,
    class: `line ${look}`,
    "stroke-dasharray": dashes,
  });
}
