import type { Frame } from "./axes.ts";
import { FONT_SIZE, label, textWidth } from "./svg.ts";

interface Labelled {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly bold?: boolean;
  /** Place to try first; right where not given. */
  readonly side?: "left";
}
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places to try around a mark, the best first: the label's left edge relative to the mark, and its baseline. */
function places(width: number): readonly (readonly [dx: number, dy: number])[] {
  const beside = [4, -8, 16, -20, 28].flatMap((dy) => [
    [9, dy],
    [-9 - width, dy],
  ]);
  const middle = [-10, 20, -24, 34, -38, 48].map((dy) => [-width / 2, dy]);
  return [...beside.slice(0, 2), ...middle.slice(0, 2), ...beside.slice(2), ...middle.slice(2)] as [
    number,
    number,
  ][];
}

const overlap = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Writes each label beside its mark where it covers no other label and as few marks as can be. */
export function placeLabels(
  labels: readonly Labelled[],
  marks: readonly { readonly x: number; readonly y: number }[],
  frame: Frame,
): string[] {
  const taken: Box[] = [];
  return labels.map(({ text, x, y, bold, side }) => {
    const width = textWidth(text) * (bold === true ? 1.08 : 1);
    const boxes = places(width).map(([dx, dy]) => {
      const box = { left: x + dx, right: x + dx + width, top: y + dy - FONT_SIZE + 2, bottom: y + dy + 3 };
      const outside = box.left < frame.left || box.right > frame.right || box.top < frame.top - 8;
      const below = box.bottom > frame.bottom;
      const hidden = taken.filter((other) => overlap(box, other)).length;
      const covered = marks.filter((mark) => overlap(box, around(mark))).length;
      const wrongSide = side === "left" && dx > -width ? 1 : 0;
      return { box, cost: (outside || below ? 100 : 0) + hidden * 20 + covered * 3 + wrongSide, dy };
    });
    const best = boxes.reduce((a, b) => (b.cost < a.cost ? b : a));
    taken.push(best.box);
    return label(text, best.box.left, y + best.dy, { class: bold === true ? "halo bold" : "halo" });
  });
}

function around({ x, y }: { readonly x: number; readonly y: number }): Box {
  return { left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 };
}
