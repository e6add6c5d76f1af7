import { columnGramPass } from "./column-gram.ts";
import { columnLinearPass } from "./column-linear.ts";
import { copyPass } from "./copy.ts";
import { gramPass } from "./gram.ts";
import { linearPass } from "./linear.ts";
import type { PassKind, PassRequest, PassResult } from "../requests.ts";
import type { Pass } from "./pass.ts";

const PASSES: { readonly [K in PassKind]: Pass<K> } = {
  gram: gramPass,
  linear: linearPass,
  columnGram: columnGramPass,
  columnLinear: columnLinearPass,
  copy: copyPass,
};

/** The pass that answers a request; requests and results are matched by `kind`, which the types cannot follow. */
export function passOf(request: PassRequest): Pass<PassKind> {
  return PASSES[request.kind];
}

export function mergeResults(request: PassRequest, results: readonly PassResult[]): PassResult {
  return passOf(request).merge(results);
}
