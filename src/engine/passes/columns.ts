import { SEGMENT_ELEMENTS } from "../segments.ts";

/**
 * How the columns of a strip lie in the elements of its window. Rows shorter than a segment are taken several at a time
 * as one row of `period` elements, so that no kernel is called for a few elements; what belongs to one column is joined
 * at the end. Depends on the strip alone.
 */
export class ColumnLayout {
  readonly width: number;
  readonly period: number;

  constructor(width: number) {
    this.width = width;
    this.period = width * Math.max(1, Math.floor(SEGMENT_ELEMENTS / width));
  }

  /** Calls `step` for each piece of `n` elements from `start` on that lies in one period. */
  eachPiece(start: number, n: number, step: (done: number, place: number, length: number) => void): void {
    for (let done = 0; done < n;) {
      const place = (start + done) % this.period;
      const length = Math.min(n - done, this.period - place);
      step(done, place, length);
      done += length;
    }
  }

  /** One sum per column of sums over a period; a period's rows are added in order. */
  fold(sums: Float64Array): Float64Array {
    const folded = sums.slice(0, this.width);
    for (let i = this.width; i < this.period; i++) {
      const column = i % this.width;
      folded[column] = (folded[column] ?? NaN) + (sums[i] ?? NaN);
    }
    return folded;
  }

  /** The element of a list with one entry per column at a place of the period. */
  at(values: ArrayLike<number>, place: number): number {
    return values[place % this.width] ?? NaN;
  }
}
