/** What was measured at one rank of a vector's magnitudes. */
export interface Cut {
  /** The magnitude at that rank, an f32 value. */
  readonly magnitude: number;
  /** Entries with a larger magnitude, and the f64 sum of theirs. */
  readonly above: number;
  readonly sumAbove: number;
  /** Entries with just this magnitude. */
  readonly equal: number;
  /** How many of them each range of the tensor holds, by its first element; absent where there was no room. */
  readonly equalByRange?: ReadonlyMap<number, number>;
}

/** A magnitude at which entries are kept or dropped; of the entries that equal it, the first `keep` are kept. */
export interface Cutoff {
  readonly magnitude: number;
  readonly keep: number;
  /** How many entries equal it. */
  readonly equal: number;
  /** How many of them each range of the tensor holds, by its first element; the engine completes it where it must. */
  readonly equalByRange?: ReadonlyMap<number, number>;
}

/** Which entries of a vector take part: all, none, those between two magnitudes, or a random choice. */
export type Mask =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "band"; readonly from: Cutoff; readonly to?: Cutoff }
  | { readonly kind: "random"; readonly density: number; readonly keys: DrawKeys }
  | RankedMask
  /** One byte per entry, not 0 where kept: for masks that were drawn elsewhere. */
  | { readonly kind: "given"; readonly kept: Uint8Array };

/**
 * As "random", with a probability of its own for each entry: from density - epsilon for the smallest magnitude of the
 * entry's row to density + epsilon for the largest, linear in the rank. Magnitudes within 1/64 of an octave share the
 * mean of their ranks, as do all that are less than 1/65,536 of the row's largest.
 */
export interface RankedMask {
  readonly kind: "ranked";
  readonly density: number;
  readonly epsilon: number;
  readonly keys: DrawKeys;
  /** Bits of what is kept, from the first entry on as far as there was room; the engine's, where it knows them. */
  readonly kept?: Uint8Array;
}

/** Two 32-bit keys of a stream of draws, one draw for each element's index. */
export type DrawKeys = readonly [number, number];

/** The cutoff at a measured cut. */
export function cutoff(cut: Cut, keep: number): Cutoff {
  const { magnitude, equal, equalByRange } = cut;
  return {
    magnitude,
    keep: Math.min(keep, equal),
    equal,
    ...(equalByRange === undefined ? {} : { equalByRange }),
  };
}

/** The keys of the stream for one model at one tensor; `model` is its position among the inputs. */
export function drawKeys(seed: number, tensor: string, model: number): DrawKeys {
  const text = `${seed}\n${model}\n${tensor}`;
  return [fnv1a(text, 0x811c_9dc5), fnv1a(text, 0x0100_0193)];
}

/** FNV-1a over the UTF-16 units, finished with an avalanche so that similar names give unrelated keys. */
function fnv1a(text: string, offset: number): number {
  let hash = offset;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
