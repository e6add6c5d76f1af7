import { scaleLinear } from "d3-scale";
import type { ScaleLinear } from "d3-scale";
import { element, label, textWidth } from "./svg.ts";

/** Width of every figure: on a phone it is shown at nine tenths of it, and labels stay legible. */
export const FIGURE_WIDTH = 400;

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type Scale = ScaleLinear<number, number>;

/** A scale over the values with some air at both ends, rounded to ticks. */
export function scaleOver(values: readonly number[], from: number, to: number, ticks = 5): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const air = (high - low || Math.abs(high) || 1) * 0.06;
  return scaleLinear([low - air, high + air], [from, to]).nice(ticks);
}

export interface AxisOptions {
  readonly title: string;
  readonly ticks?: number;
  readonly format: (value: number) => string;
}

/** The horizontal axis below the frame, with vertical grid lines through it. */
export function bottomAxis(
  scale: Scale,
  { left, right, top, bottom }: Frame,
  options: AxisOptions,
): string[] {
  const ticks = scale.ticks(options.ticks ?? 5);
  return [
    ...ticks.map((tick) =>
      element("line", { x1: scale(tick), x2: scale(tick), y1: top, y2: bottom, class: "grid" }),
    ),
    ...ticks.map((tick) =>
      label(options.format(tick), scale(tick), bottom + 16, { "text-anchor": "middle", class: "f-quiet" }),
    ),
    label(options.title, (left + right) / 2, bottom + 34, { "text-anchor": "middle" }),
  ];
}

/** The vertical axis left of the frame; its title stands above it, so that it need not be turned. */
export function leftAxis(scale: Scale, { left, right, top }: Frame, options: AxisOptions): string[] {
  const ticks = scale.ticks(options.ticks ?? 5);
  return [
    ...ticks.map((tick) =>
      element("line", { x1: left, x2: right, y1: scale(tick), y2: scale(tick), class: "grid" }),
    ),
    ...ticks.map((tick) =>
      label(options.format(tick), left - 6, scale(tick) + 4, { "text-anchor": "end", class: "f-quiet" }),
    ),
    label(options.title, 4, top - 12),
  ];
}

export interface LegendEntry {
  readonly text: string;
  /** Markup of a mark around (0, 0). */
  readonly mark: string;
}

/** Rows of marks and texts that wrap at the figure's edge; `height` is what they take. */
export function legend(entries: readonly LegendEntry[], top: number): { content: string[]; height: number } {
  let [x, y] = [8, top];
  const content = entries.map(({ text, mark }) => {
    const width = 18 + textWidth(text) + 14;
    if (x + width > FIGURE_WIDTH && x > 8) [x, y] = [8, y + 18];
    const drawn = element(
      "g",
      { transform: `translate(${x + 6} ${y})` },
      mark,
      label(text, 12, 4, { class: "f-quiet" }),
    );
    x += width;
    return drawn;
  });
  return { content, height: entries.length === 0 ? 0 : y - top + 18 };
}

export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)} %`;
