import type { Pass } from "./pass.ts";

/** Hands the bytes of the only operand through. */
export const copyPass: Pass<"copy"> = {
  reads: (_request, bench) => bench.operands.map((_, k) => k === 0),
  writesFrom: (bench) => bench.stored(0, 0),
  start: (_request, bench) => ({
    segment: (offset, n) => bench.checkFinite(0, offset, n),
    finish: () => undefined,
  }),
  merge: () => undefined,
};
