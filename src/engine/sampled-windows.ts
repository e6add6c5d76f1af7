import type { MagnitudesRequest } from "../methods/statistics.ts";
import type { Bins, PassRequest, PassResult, ValueCounts, Window } from "./requests.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";

/** Smaller tensors are read twice in less time than a sample takes. */
const FEWEST_ELEMENTS = 1_048_576;
const RUNS = 256;
/** Standard deviations of a sampled rank that a window reaches to either side; runs of neighbours add to the error. */
const DEVIATIONS = 6;
/** Bounds the tables in a worker: 128 bins take 16 MB. Where more are needed, a guess is not worth it. */
const MOST_BINS = 128;

export const isWorthSampling = (count: number): boolean => count >= FEWEST_ELEMENTS;

/**
 * Windows that most likely hold the wanted ranks, from a sample of the tensor that depends on its size alone, if none is known; undefined
 * where sampling is of no use. Sums depend on the windows in their last bits, so that they are not guessed.
 */
export function* guessWindows(
  { of, ranks, sums }: MagnitudesRequest,
  count: number,
  known?: Bins,
): Generator<PassRequest, readonly (readonly Window[])[] | undefined, PassResult> {
  if (sums || !isWorthSampling(count)) return undefined;
  // Importances hardly ever repeat: all that fall into the window that a small sample tells would have to be told apart.
  if (of === "importance" && known === undefined) return undefined;
  const every = Math.ceil(count / RUNS / SEGMENT_ELEMENTS) * SEGMENT_ELEMENTS;
  const { bins, zeros } = known ?? ((yield { kind: "bins", of, sums: false, every }) as Bins);
  const sizes = bins.map(({ counts }) =>
    Float64Array.from(counts).reduce((sum, entries) => sum + entries, 0),
  );
  const nonZero = sizes.map((size, k) => Math.round((count * (size - (zeros[k] ?? 0))) / Math.max(1, size)));
  const windows = ranks(nonZero).map((each, k) => {
    const [sample, size = 0] = [bins[k], sizes[k]];
    return each.map((rank) => sample && windowAround(sample, size, rank / count));
  });
  const found = windows.flat();
  const total = found.reduce((sum, window) => sum + (window?.bins ?? Infinity), 0);
  return total > MOST_BINS ? undefined : windows.map((each) => each.filter((window) => window !== undefined));
}

/** Undefined where the window would reach beyond the sample. */
function windowAround(bins: ValueCounts, size: number, share: number): Window | undefined {
  const reach = DEVIATIONS * Math.sqrt(size * share * (1 - share)) + 1;
  const [first, last] = [share * size - reach, share * size + reach];
  if (first < 0 || last >= size) return undefined;
  const [top = 0, bottom = top] = binsOf(bins, [first, last]);
  return { bin: bottom, bins: top - bottom + 1 };
}

/** The bins that hold the given ranks, counted from the largest magnitude; each once. */
export function binsOf({ offsets, counts }: ValueCounts, ranks: readonly number[]): number[] {
  const found = new Set<number>();
  let above = 0;
  let i = offsets.length - 1;
  for (const rank of [...ranks].sort((a, b) => a - b)) {
    while (i > 0 && above + (counts[i] ?? 0) <= rank) above += counts[i--] ?? 0;
    found.add(offsets[i] ?? 0);
  }
  return [...found];
}
