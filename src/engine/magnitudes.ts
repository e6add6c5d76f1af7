import type { Cut } from "../methods/mask.ts";
import type { Magnitudes, MagnitudesRequest } from "../methods/statistics.ts";
import type { Bins, PassRequest, PassResult, RangeValues, Within } from "./requests.ts";

/** Bits of the key that the second reading looks at. */
const LOW_BITS = 15;
const LOW_VALUES = 2 ** LOW_BITS;

interface Place {
  readonly bin: number;
  /** Entries in higher bins. */
  readonly above: number;
}

/**
 * Exact order statistics in two readings: the bin of each wanted rank from a histogram of the upper 16 bits of the
 * magnitudes, then its value from a histogram of the lower 15 bits within that bin.
 */
export function* measureMagnitudes(
  { of, ranks, sums }: MagnitudesRequest,
  vectors: number,
  count: number,
  byRange: boolean,
): Generator<PassRequest, Magnitudes, PassResult> {
  // No rank of the fullest vectors: none of any, and nothing to read.
  const fullest = ranks(new Array<number>(vectors).fill(count));
  if (fullest.every((each) => each.length === 0))
    return { nonZero: [], sums: [], cuts: fullest.map(() => []) };
  const first = (yield { kind: "bins", of, sums }) as Bins;
  const nonZero = [...first.zeros].map((zeros) => count - zeros);
  const wanted = ranks(nonZero);
  const places = wanted.map((each, k) => findBins(first.bins[k] ?? [], each));
  const chosen = places.map((each) => [...new Set(each.map(({ bin }) => bin))]);
  const result = { nonZero, sums: [...first.sums] };
  if (chosen.every((bins) => bins.length === 0)) return { ...result, cuts: wanted.map(() => []) };
  const second = (yield { kind: "within", of, chosen, sums, byRange }) as Within;
  const cuts = places.map((each, k) =>
    each.map((place, position) => {
      const slot = chosen[k]?.indexOf(place.bin) ?? -1;
      return findCut(second, k, slot, place, (wanted[k]?.[position] ?? 0) - place.above);
    }),
  );
  return { ...result, cuts };
}

/** The bins that hold the given ranks, counted from the largest magnitude. */
function findBins(bins: ArrayLike<number>, ranks: readonly number[]): Place[] {
  const places = new Map<number, Place>();
  const rising = [...ranks].sort((a, b) => a - b);
  let above = 0;
  let bin = bins.length - 1;
  for (const rank of rising) {
    while (bin > 0 && above + (bins[bin] ?? 0) <= rank) above += bins[bin--] ?? 0;
    places.set(rank, { bin, above });
  }
  return ranks.map((rank) => places.get(rank) ?? { bin: 0, above: 0 });
}

function findCut(
  { bins, sumsAbove, ranges }: Within,
  vector: number,
  slot: number,
  place: Place,
  rank: number,
): Cut {
  const within = bins[vector]?.[slot] ?? [];
  let above = 0;
  let sumAbove = sumsAbove[vector]?.[slot] ?? 0;
  let low = LOW_VALUES - 1;
  for (; low > 0 && above + (within[low] ?? 0) <= rank; low--) {
    above += within[low] ?? 0;
    sumAbove += (within[low] ?? 0) * magnitudeOf(place.bin, low);
  }
  const equalByRange = spread(ranges, vector, slot, low);
  return {
    magnitude: magnitudeOf(place.bin, low),
    above: place.above + above,
    sumAbove,
    equal: within[low] ?? 0,
    ...(equalByRange === undefined ? {} : { equalByRange }),
  };
}

/** How the entries of one value are spread over the ranges; undefined if some range does not tell. */
function spread(
  ranges: readonly RangeValues[],
  vector: number,
  slot: number,
  low: number,
): ReadonlyMap<number, number> | undefined {
  if (ranges.length === 0) return undefined;
  const spreadOver = new Map<number, number>();
  for (const { begin, values } of ranges) {
    const sparse = values[vector]?.[slot];
    if (sparse === undefined) return undefined;
    const at = sparse.low.indexOf(low);
    spreadOver.set(begin, at < 0 ? 0 : (sparse.counts[at] ?? 0));
  }
  return spreadOver;
}

const word = new DataView(new ArrayBuffer(4));

function magnitudeOf(bin: number, low: number): number {
  word.setUint32(0, bin * LOW_VALUES + low);
  return word.getFloat32(0);
}

/** The 31 bits that rank an f32 magnitude. */
export function keyOf(magnitude: number): number {
  word.setFloat32(0, magnitude);
  return word.getUint32(0) & 0x7fff_ffff;
}
