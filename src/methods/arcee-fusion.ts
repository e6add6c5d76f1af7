import { defineMethod } from "./define.ts";
import { magnitudes } from "./statistics.ts";
import type { Cut } from "./mask.ts";

/** Positions in ascending order, as mergekit has them: truncated, without interpolation. */
const QUANTILES = [0.25, 0.5, 0.75];

/** median + 1.5 (Q3 - Q1), rounded up to the next f32 so that importances, which are f32, compare as with itself. */
function threshold([lower, middle, upper]: readonly Cut[]): number {
  const [q1, q2, q3] = [lower, middle, upper].map((cut) => cut?.magnitude ?? NaN) as [number, number, number];
  const exact = q2 + 1.5 * (q3 - q1);
  const near = Math.fround(exact);
  return near >= exact || Number.isNaN(exact) ? near : Math.fround(near + near * 2 ** -23);
}

export const arceeFusion = defineMethod({
  name: "arcee_fusion",
  title: "Arcee Fusion",
  summary: "Takes over from the model the entries that changed most, in rows that changed most.",
  formula:
    "out = x where I >= median(I) + 1.5 (Q3(I) - Q1(I)), else base;  I = |x - base| KL(softmax(x), softmax(base)) by rows",
  reference: { title: "Arcee Fusion in mergekit", url: "https://github.com/arcee-ai/mergekit" },
  details:
    "Use it to take the essential changes of one model and leave the rest as it was: usually about an eighth of the " +
    "entries. Median and quartiles are exact, over all entries of the tensor. A tensor in which all importances are " +
    "equal, one of a single element or with rows of one element, is the model's.",
  base: "required",
  models: { min: 1, max: 1 },
  parameters: {},
  whenMissing: "only",
  symmetric: false,
  measure: ({ elementCount }) => ({
    importances: magnitudes("importance", () => [
      QUANTILES.map((q) => elementCount - 1 - Math.trunc(q * (elementCount - 1))),
    ]),
  }),
  solve: (_context, { importances: { cuts, rows } }) => ({
    combination: { kind: "important", least: threshold(cuts[0] ?? []), rows },
  }),
});
