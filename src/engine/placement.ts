import type { Cutoff, Mask } from "../methods/mask.ts";
import type { RankedVectors } from "../methods/statistics.ts";
import type { Equals, PassRequest, PassResult } from "./requests.ts";

/** True if some, but not all, of the entries at the cutoff are kept: then their order matters. */
function isPartial({ keep, equal }: Cutoff): boolean {
  return keep > 0 && keep < equal;
}

function cutoffsOf(mask: Mask): readonly Cutoff[] {
  if (mask.kind !== "band") return [];
  return mask.to === undefined ? [mask.from] : [mask.from, mask.to];
}

/**
 * Masks whose ranges can be worked on apart: where only the first of several equal entries are kept, each range must
 * know how many there are before it. Costs a reading only where measuring the cut did not tell already.
 */
export function* placeMasks(
  masks: readonly Mask[],
  of: RankedVectors,
  byRange: boolean,
): Generator<PassRequest, readonly Mask[], PassResult> {
  // What measuring told is of other ranges than those of whole rows.
  const byRows = masks.some(({ kind }) => kind === "ranked");
  const unplaced = masks.map((mask) =>
    cutoffsOf(mask).filter((cutoff) => isPartial(cutoff) && (byRows || cutoff.equalByRange === undefined)),
  );
  if (!byRange || unplaced.every((cutoffs) => cutoffs.length === 0)) return masks;
  const { ranges } = (yield { kind: "equals", of, cutoffs: unplaced, byRows }) as Equals;
  return masks.map((mask, k) => {
    if (mask.kind !== "band") return mask;
    const place = (cutoff: Cutoff): Cutoff => {
      const position = unplaced[k]?.indexOf(cutoff) ?? -1;
      if (position < 0) return cutoff;
      const entries = ranges.map(({ begin, counts }) => [begin, counts[k]?.[position] ?? 0] as const);
      return { ...cutoff, equalByRange: new Map(entries) };
    };
    return { ...mask, from: place(mask.from), ...(mask.to === undefined ? {} : { to: place(mask.to) }) };
  });
}
