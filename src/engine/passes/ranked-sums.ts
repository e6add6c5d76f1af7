import { RANK_TABLE_BYTES } from "../../kernels/row-rank.ts";
import type { StoredKernels } from "../../kernels/stored.ts";
import { rowLength } from "../../tensor/shape.ts";
import type { KeptSumsPass, RangeSums } from "../requests.ts";
import type { Range } from "../segments.ts";
import { SEGMENT_ELEMENTS } from "../segments.ts";
import type { Workbench } from "../workbench.ts";
import type { Runner } from "./pass.ts";
import { bitsOfRange, bytesOfBits, RankMasking, scansFor } from "./ranked.ts";

/** Rows of f32 up to this length fit scratch, and are decoded once for all scans. */
const MOST_RESIDENT = 2 * SEGMENT_ELEMENTS;

/** Sums of magnitudes of task vectors of which each is masked by rank, in f32: one ranking gives both sums and the mask. */
export class RankedSums implements Runner<RangeSums> {
  readonly #bench: Workbench;
  readonly #masks: readonly RankMasking[];
  readonly #row: number;
  readonly #all: Float64Array;
  readonly #kept: Float64Array;
  /** Where to tell what is kept of each vector. */
  readonly #bits: readonly (Uint8Array | undefined)[];
  /** Bytes that are told of each vector. */
  #told = 0;
  readonly scans: number;
  /** Makes two task vectors of one dtype at once. */
  readonly #both: StoredKernels["subtractTwoF32"] | undefined;

  private constructor(masks: readonly RankMasking[], request: KeptSumsPass, bench: Workbench, range: Range) {
    this.#bench = bench;
    this.#masks = masks;
    this.#row = rowLength(bench.tensor?.shape ?? []);
    this.#all = new Float64Array(masks.length);
    this.#kept = new Float64Array(masks.length);
    this.#bits = (request.bits ?? []).map((bits) => bitsOfRange(bits, range, this.#row));
    this.scans = scansFor(request.masks, bench, range);
    const dtype = bench.sharedDtype([...bench.operands.keys()], false);
    if (dtype !== undefined && masks.length === 2) this.#both = bench.kernels[`subtractTwo${dtype}`];
  }

  /** Undefined where the sums must be taken step by step. */
  static over(request: KeptSumsPass, bench: Workbench, range: Range): RankedSums | undefined {
    if (bench.arithmetic !== "F32" || request.power !== 1) return undefined;
    const ranked = request.masks.filter((mask) => mask.kind === "ranked");
    if (ranked.length < request.masks.length || ranked.length === 0) return undefined;
    const tables = bench.reserve(ranked.length * RANK_TABLE_BYTES);
    bench.clear(tables, ranked.length * RANK_TABLE_BYTES);
    const masks = ranked.map((mask, i) => new RankMasking(mask, bench, range, tables + i * RANK_TABLE_BYTES));
    return new RankedSums(masks, request, bench, range);
  }

  scan(step: number, offset: number, n: number): void {
    if (step === 0 || !this.#isResident) this.#subtract(offset, n);
    this.#masks.forEach((mask, i) => {
      mask.scan(step, this.#vector(i, offset), offset, n);
    });
  }

  segment(offset: number, n: number): void {
    if (this.scans === 0 || !this.#isResident) this.#subtract(offset, n);
    const bits = this.#bench.spare(0);
    this.#masks.forEach((mask, i) => {
      const [all, kept] = mask.sum(this.#vector(i, offset), bits, offset, n);
      this.#all[i] = (this.#all[i] ?? 0) + all;
      this.#kept[i] = (this.#kept[i] ?? 0) + kept;
      this.#bits[i]?.set(new Uint8Array(this.#bench.memory.buffer, bits, bytesOfBits(n)), this.#told);
    });
    this.#told += bytesOfBits(n);
  }

  finish(): RangeSums {
    return { all: this.#all, kept: this.#kept, told: true };
  }

  /** Only of a row that a tile has as a whole: what is read later may need the scratch. */
  get #isResident(): boolean {
    return this.#row <= Math.min(MOST_RESIDENT, this.#bench.tileElements);
  }

  /** Address of a task vector's elements. */
  #vector(i: number, offset: number): number {
    const scratch = this.#bench.scratch(i + 1);
    const isPiece = this.#row > SEGMENT_ELEMENTS && this.#isResident;
    return isPiece ? scratch + ((this.#bench.range.begin + offset) % this.#row) * 4 : scratch;
  }

  #subtract(offset: number, n: number): void {
    const bench = this.#bench;
    if (this.#both !== undefined) {
      const [b, x, y] = [bench.stored(0, offset), bench.stored(1, offset), bench.stored(2, offset)];
      this.#both(b, x, y, this.#vector(0, offset), this.#vector(1, offset), bench.spare(1), n);
      return;
    }
    const base = bench.floats(0, offset, n, 0);
    this.#masks.forEach((_, i) => bench.subtract(i + 1, offset, n, base, this.#vector(i, offset)));
  }
}
