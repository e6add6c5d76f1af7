import type { Cutoff, Mask } from "../../methods/mask.ts";
import { keyOf } from "../magnitudes.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";

const TWO_32 = 2 ** 32;

/** A mask under way over one range: clears what is not kept, segment by segment and in order. */
export class Masking {
  readonly #mask: Mask;
  readonly #bench: Workbench;
  readonly #edges: readonly Edge[];

  constructor(mask: Mask, bench: Workbench, range: Range) {
    this.#mask = mask;
    this.#bench = bench;
    const { kernels } = bench;
    this.#edges =
      mask.kind !== "band"
        ? []
        : [
            new Edge(mask.from, kernels.clearBelowKey, bench, range),
            ...(mask.to === undefined ? [] : [new Edge(mask.to, kernels.clearAboveKey, bench, range)]),
          ];
  }

  /** Clears entries of `d`, a vector of the bench's arithmetic in scratch. */
  apply(d: number, offset: number, n: number): void {
    if (this.#mask.kind === "all") return;
    if (this.#bench.arithmetic === "F32") {
      this.applyToKeys(d, offset, n);
      return;
    }
    const keys = this.#bench.spare(5);
    this.#bench.kernels.demote(d, keys, n);
    this.applyToKeys(keys, offset, n);
    this.#bench.steps.clearWhereZero(keys, d, n);
  }

  /** Clears entries of an f32 vector. */
  applyToKeys(keys: number, offset: number, n: number): void {
    const mask = this.#mask;
    const index = this.#bench.range.begin + offset;
    if (mask.kind === "none") this.#bench.clear(keys, n * 4);
    else if (mask.kind === "random") {
      const threshold = Math.min(TWO_32 - 1, Math.round(mask.density * TWO_32));
      const [first, second] = mask.keys;
      // Beyond 2^32 elements the upper half of the index changes the key.
      const upper = Math.imul(Math.floor(index / TWO_32), 0x9e37_79b9);
      this.#bench.kernels.clearRandom(keys, index % TWO_32, first ^ upper, second, threshold, n);
    } else if (mask.kind === "given") {
      const values = this.#bench.u32(keys, n);
      for (let i = 0; i < n; i++) if (mask.kept[index + i] === 0) values[i] = 0;
    } else for (const edge of this.#edges) edge.apply(keys, n);
  }
}

type ClearBeyond = (d: number, key: number, n: number) => void;

/** One edge of a band: entries beyond it go, and of those on it all but the first few. */
class Edge {
  readonly #key: number;
  readonly #clearBeyond: ClearBeyond;
  readonly #bench: Workbench;
  /** Entries on the edge that may still be kept. */
  #left: number;

  constructor(
    { magnitude, keep, equal, equalByRange }: Cutoff,
    clearBeyond: ClearBeyond,
    bench: Workbench,
    range: Range,
  ) {
    this.#key = keyOf(magnitude);
    this.#clearBeyond = clearBeyond;
    this.#bench = bench;
    let before = 0;
    for (const [begin, count] of equalByRange ?? []) if (begin < range.begin) before += count;
    this.#left = keep >= equal ? Infinity : keep - before;
  }

  apply(d: number, n: number): void {
    const { kernels } = this.#bench;
    this.#clearBeyond(d, this.#key, n);
    if (this.#left === Infinity) return;
    const count = kernels.countEqual(d, this.#key, n);
    if (count > this.#left) kernels.clearEqualAfter(d, this.#key, Math.max(this.#left, 0), n);
    this.#left -= count;
  }
}
