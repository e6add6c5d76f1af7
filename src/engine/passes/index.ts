import { binsPass } from "./bins.ts";
import { columnGramPass } from "./column-gram.ts";
import { columnLinearPass } from "./column-linear.ts";
import { copyPass } from "./copy.ts";
import { equalsPass } from "./equals.ts";
import { gramPass } from "./gram.ts";
import { factorsPass } from "./factors.ts";
import { withinPass } from "./importance-within.ts";
import { keptSumsPass } from "./kept-sums.ts";
import { linearPass } from "./linear.ts";
import type { PassKind, PassRequest, PassResult } from "../requests.ts";
import { overlapMeanPass, overlapPass } from "./overlap.ts";
import type { Pass } from "./pass.ts";
import { agreedPass, importantPass, largestPass, nearswapPass } from "./selecting.ts";
import { sparsePass } from "./sparse.ts";
import { tilePass } from "./tile.ts";

const PASSES: { readonly [K in PassKind]: Pass<K> } = {
  gram: gramPass,
  bins: binsPass,
  within: withinPass,
  factors: factorsPass,
  equals: equalsPass,
  keptSums: keptSumsPass,
  overlap: overlapPass,
  linear: linearPass,
  sparse: sparsePass,
  nearswap: nearswapPass,
  largest: largestPass,
  agreed: agreedPass,
  important: importantPass,
  overlapMean: overlapMeanPass,
  columnGram: columnGramPass,
  columnLinear: columnLinearPass,
  tile: tilePass,
  copy: copyPass,
};

/** The pass that answers a request; requests and results are matched by `kind`, which the types cannot follow. */
export function passOf(request: PassRequest): Pass<PassKind> {
  return PASSES[request.kind];
}

/** True if the pass works on whole rows at a time, as its ranges must then too. */
export function goesByRows(request: PassRequest): boolean {
  return passOf(request).byRows?.(request) ?? false;
}

export function mergeResults(request: PassRequest, results: readonly PassResult[]): PassResult {
  return passOf(request).merge(results, request);
}
