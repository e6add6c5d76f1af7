import type { Cutoff, Mask } from "../../methods/mask.ts";
import { keyOf } from "../magnitudes.ts";
import type { Range } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import { RankMasking } from "./ranked.ts";

const TWO_32 = 2 ** 32;

/** A mask under way over one range: clears what is not kept, segment by segment and in order. */
export class Masking {
  readonly #mask: Mask;
  readonly #bench: Workbench;
  readonly #lower: Edge | undefined;
  readonly #upper: Edge | undefined;
  readonly #ranks: RankMasking | undefined;

  /** `tables`: address of the tables that a mask by ranks needs, cleared. */
  constructor(mask: Mask, bench: Workbench, range: Range, tables: number) {
    this.#mask = mask;
    this.#bench = bench;
    if (mask.kind === "ranked") this.#ranks = new RankMasking(mask, bench, range, tables);
    const { clearBelowKey, clearAboveKey } = bench.kernels;
    if (mask.kind !== "band") return;
    this.#lower = new Edge(mask.from, clearBelowKey, bench, range);
    if (mask.to !== undefined) this.#upper = new Edge(mask.to, clearAboveKey, bench, range);
  }

  /** True if most segments, or all, keep an interval of keys. */
  get keepsIntervals(): boolean {
    return this.#mask.kind === "all" || this.#mask.kind === "band";
  }

  /**
   * What the next segment keeps, in keys of f32 values, if that is an interval. Of the entries at its lower end some may
   * have to go: see `canTake`. Undefined where the mask works otherwise.
   */
  get interval(): Interval | undefined {
    if (this.#mask.kind === "all") return { low: 0, high: LARGEST_KEY };
    if (this.#lower === undefined || this.#upper?.isUnderWay === true) return undefined;
    return { low: this.#lower.outermost(1), high: this.#upper?.outermost(-1) ?? LARGEST_KEY };
  }

  /** Whether that many entries at the lower end of the interval are all kept. */
  canTake(equal: number): boolean {
    return this.#lower?.canTake(equal) ?? true;
  }

  /** Counts the entries at the lower end of a segment's interval as kept. */
  take(equal: number): void {
    this.#lower?.take(equal);
  }

  /** The mask by ranks, if it is one. */
  get ranks(): RankMasking | undefined {
    return this.#ranks;
  }

  /** Looks at a vector of the bench's arithmetic in scratch before it is masked; see RankMasking. */
  scan(step: number, d: number, offset: number, n: number): void {
    if (this.#ranks === undefined) return;
    const keys = this.#bench.arithmetic === "F32" ? d : this.#bench.spare(5);
    if (keys !== d) this.#bench.kernels.demote(d, keys, n);
    this.#ranks.scan(step, keys, offset, n);
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
    if (this.#ranks !== undefined) this.#ranks.apply(keys, offset, n);
    else if (mask.kind === "none") this.#bench.clear(keys, n * 4);
    else if (mask.kind === "random") {
      const threshold = Math.min(TWO_32 - 1, Math.round(mask.density * TWO_32));
      const [first, second] = mask.keys;
      // Beyond 2^32 elements the upper half of the index changes the key.
      const upper = Math.imul(Math.floor(index / TWO_32), 0x9e37_79b9);
      this.#bench.kernels.clearRandom(keys, index % TWO_32, first ^ upper, second, threshold, n);
    } else if (mask.kind === "given") {
      const values = this.#bench.u32(keys, n);
      for (let i = 0; i < n; i++) if (mask.kept[index + i] === 0) values[i] = 0;
    } else for (const edge of [this.#lower, this.#upper]) edge?.apply(keys, n);
  }
}

/** The keys that a segment keeps, if its mask is a plain interval of them. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const LARGEST_KEY = keyOf(3.402_823_466e38);

type ClearBeyond = (d: number, key: number, n: number) => void;

/** One edge of a band: entries beyond it go, and of those on it all but the first few. */
class Edge {
  readonly #key: number;
  readonly #clearBeyond: ClearBeyond;
  readonly #bench: Workbench;
  /** Entries on the edge that may still be kept; Infinity if all of the range are. */
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
    const left = keep - before;
    const own = equalByRange?.get(range.begin) ?? equal;
    this.#left = left >= own ? Infinity : left;
  }

  /** True while it depends on their order which of the entries on the edge are kept. */
  get isUnderWay(): boolean {
    return this.#left > 0 && this.#left !== Infinity;
  }

  /** The outermost key that is kept; `inwards` is the step to the next key, once all on the edge are used up. */
  outermost(inwards: 1 | -1): number {
    return this.#left > 0 ? this.#key : this.#key + inwards;
  }

  canTake(equal: number): boolean {
    return this.#left <= 0 || equal <= this.#left;
  }

  take(equal: number): void {
    if (this.#left > 0) this.#left -= equal;
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
