import type { Cut } from "../methods/mask.ts";
import type { Magnitudes, MagnitudesRequest } from "../methods/statistics.ts";
import type { PlannedTensor } from "../plan/types.ts";
import type {
  Bins,
  PassRequest,
  PassResult,
  RangeValues,
  ValueCounts,
  Window,
  WindowCounts,
  Within,
} from "./requests.ts";
import { measureRowFactors } from "./row-factors.ts";
import { binsOf, guessWindows, isWorthSampling } from "./sampled-windows.ts";

/** Bits of the key that tell the values of a bin apart. */
const LOW_BITS = 15;
const BIN_KEYS = 2 ** LOW_BITS;

/** A vector that is not there. */
const NO_COUNTS: ValueCounts = { offsets: new Uint32Array(), counts: new Uint32Array() };

type Ranks = readonly (readonly number[])[];

/**
 * Exact order statistics: the values within a window of magnitudes that holds the wanted ranks are counted one by one.
 * The windows of large tensors are guessed from a sample, which costs next to nothing; where a guess proves wrong, and
 * for other tensors, a reading that counts all magnitudes by the upper 16 bits of their keys tells them.
 */
export function* measureMagnitudes(
  request: MagnitudesRequest,
  tensor: PlannedTensor,
  count: number,
  byRange: boolean,
): Generator<PassRequest, Magnitudes, PassResult> {
  const { of, ranks, sums } = request;
  // No rank of the fullest vectors: none of any, and nothing to read.
  const fullest = ranks(new Array<number>(tensor.inputs.length).fill(count));
  if (fullest.every((each) => each.length === 0))
    return { nonZero: [], sums: [], cuts: fullest.map(() => []) };
  const { rows, sample } =
    of === "importance" ? yield* measureRowFactors(tensor, count, isWorthSampling(count)) : {};
  const guessed = yield* guessWindows(request, count, sample);
  if (guessed !== undefined) {
    const within = (yield { kind: "within", of, windows: guessed, sums: false, byRange, rows }) as Within;
    const nonZero = [...within.zeros].map((zeros) => count - zeros);
    const cuts = cutsOf(ranks(nonZero), within, guessed);
    if (cuts !== undefined) return { nonZero, sums: nonZero.map(() => 0), rows, cuts };
  }
  const bins = (yield { kind: "bins", of, sums, rows }) as Bins;
  const nonZero = [...bins.zeros].map((zeros) => count - zeros);
  const wanted = ranks(nonZero);
  const windows = wanted.map((each, k) =>
    binsOf(bins.bins[k] ?? NO_COUNTS, each).map((bin) => ({ bin, bins: 1 })),
  );
  const result = { nonZero, sums: [...bins.sums], rows };
  if (windows.every((each) => each.length === 0)) return { ...result, cuts: wanted.map(() => []) };
  const within = (yield { kind: "within", of, windows, sums, byRange, rows }) as Within;
  return { ...result, cuts: cutsOf(wanted, within, windows) ?? [] };
}

/** The cut at each rank; undefined if some rank is in none of the windows. */
function cutsOf(
  wanted: Ranks,
  { counts, ranges }: Within,
  windows: readonly (readonly Window[])[],
): Cut[][] | undefined {
  const cuts = wanted.map((each, k) =>
    each.map((rank) => {
      for (const [slot, { bin }] of (windows[k] ?? []).entries()) {
        const found = counts[k]?.[slot];
        const cut = found && cutWithin(found, bin, rank, (offset) => spread(ranges, k, slot, offset));
        if (cut !== undefined) return cut;
      }
      return undefined;
    }),
  );
  const found = cuts.map((each) => each.filter((cut) => cut !== undefined));
  return found.every((each, k) => each.length === wanted[k]?.length) ? found : undefined;
}

function cutWithin(
  { values: { offsets, counts }, above, sumAbove }: WindowCounts,
  bin: number,
  rank: number,
  spreadOf: (offset: number) => Cut["equalByRange"],
): Cut | undefined {
  if (rank < above) return undefined;
  let [before, sum] = [above, sumAbove];
  for (let i = offsets.length - 1; i >= 0; i--) {
    const [offset = 0, equal = 0] = [offsets[i], counts[i]];
    const magnitude = magnitudeOf(bin * BIN_KEYS + offset);
    if (before + equal > rank) {
      const equalByRange = spreadOf(offset);
      const place = equalByRange === undefined ? {} : { equalByRange };
      return { magnitude, above: before, sumAbove: sum, equal, ...place };
    }
    before += equal;
    sum += equal * magnitude;
  }
  return undefined;
}

/** How the entries of one value are spread over the ranges; undefined if some range does not tell. */
function spread(
  ranges: readonly RangeValues[],
  vector: number,
  slot: number,
  offset: number,
): ReadonlyMap<number, number> | undefined {
  if (ranges.length === 0) return undefined;
  const spreadOver = new Map<number, number>();
  for (const { begin, values } of ranges) {
    const sparse = values[vector]?.[slot];
    if (sparse === undefined) return undefined;
    const at = sparse.offsets.indexOf(offset);
    spreadOver.set(begin, at < 0 ? 0 : (sparse.counts[at] ?? 0));
  }
  return spreadOver;
}

const word = new DataView(new ArrayBuffer(4));

function magnitudeOf(key: number): number {
  word.setUint32(0, key);
  return word.getFloat32(0);
}

/** The 31 bits that rank an f32 magnitude. */
export function keyOf(magnitude: number): number {
  word.setFloat32(0, magnitude);
  return word.getUint32(0) & 0x7fff_ffff;
}
