import { keyOf } from "../magnitudes.ts";
import type { Pass } from "./pass.ts";
import { allOperands, ranksByRows, vectorsToRank } from "./ranked-vectors.ts";

/** Counts the entries of each range that equal given magnitudes. */
export const equalsPass: Pass<"equals"> = {
  reads: (_request, bench) => allOperands(bench),
  byRows: ({ of, byRows }) => byRows || ranksByRows(of),
  start: (request, bench, range) => {
    const keys = request.cutoffs.map((cutoffs) => cutoffs.map(({ magnitude }) => keyOf(magnitude)));
    const counts = keys.map((each) => each.map(() => 0));
    const source = vectorsToRank(request.of, bench);
    return {
      scans: source.scans,
      scan: source.scan,
      segment: (offset, n) => {
        const vectors = source.at(offset, n);
        keys.forEach((each, k) => {
          each.forEach((key, position) => {
            const row = counts[k] ?? [];
            row[position] = (row[position] ?? 0) + bench.kernels.countEqual(vectors[k] ?? 0, key, n);
          });
        });
      },
      finish: () => ({ ranges: [{ begin: range.begin, counts }] }),
    };
  },
  merge: (results) => ({ ranges: results.flatMap((result) => result.ranges) }),
};
