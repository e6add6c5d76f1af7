import {
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
} from "d3-shape";
import type { SymbolType } from "d3-shape";
import type { ReportVariant } from "./report-types.ts";
import { element } from "./svg.ts";

export interface Look {
  readonly shape: SymbolType;
  readonly colour: string;
  readonly size: number;
  /** Drawn as an outline: what is no single model, or was not measured here. */
  readonly hollow?: boolean;
}

/** How a variant is drawn in every figure. */
export function lookOf({ kind, method }: ReportVariant): Look {
  switch (kind) {
    case "base":
      return { shape: symbolSquare, colour: "ink", size: 70 };
    case "model":
      return { shape: symbolCircle, colour: "blue", size: 60 };
    case "curve":
      return { shape: symbolCircle, colour: "green", size: 22 };
    case "ensemble":
      return { shape: symbolTriangle, colour: "quiet", size: 70, hollow: true };
    case "elsewhere":
      return { shape: symbolDiamond, colour: "quiet", size: 60, hollow: true };
    case "merge":
      if (method === "model_stock") return { shape: symbolStar, colour: "accent", size: 130 };
      return { shape: method === "uniform_soup" ? symbolDiamond : symbolCross, colour: "purple", size: 70 };
  }
}

export function mark({ shape, colour, size, hollow }: Look, x = 0, y = 0): string {
  const paint = hollow === true ? `line s-${colour}` : `f-${colour}`;
  return element("path", {
    d: symbol(shape, size)() ?? "",
    transform: `translate(${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100})`,
    class: paint,
  });
}
