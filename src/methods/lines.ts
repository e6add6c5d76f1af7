import type { SolveContext } from "./define.ts";
import { number, optional } from "./params.ts";
import type { ParameterSpecs } from "./params.ts";

/**
 * LiNeS, an option of every method that adds something to the base: what it adds grows with depth. Spread these into
 * the method's parameters and multiply its coefficients by `linesFactor`. https://arxiv.org/abs/2410.17146
 */
export const LINES = {
  lines_alpha: number({
    doc: "LiNeS: factor of what is added to the base in the first layer, and outside the layers.",
    default: 1,
  }),
  lines_beta: optional(
    number({
      doc: "LiNeS: how much the factor has grown in the last layer; if absent, to 1. Between the two it grows linearly.",
    }),
  ),
} as const;

export interface LinesValues {
  readonly lines_alpha: number;
  readonly lines_beta: number | undefined;
}

/** alpha + beta l/(L-1) in layer l of L, alpha outside the layers; exactly 1 if neither parameter is given. */
export function linesFactor(
  { lines_alpha: alpha, lines_beta: beta = 1 - alpha }: LinesValues,
  { layer = 0, layerCount = 0 }: Pick<SolveContext<ParameterSpecs>, "layer" | "layerCount">,
): number {
  return layerCount < 2 ? alpha : alpha + (beta * layer) / (layerCount - 1);
}
