/**
 * Elements of a segment: the unit of every reduction, counted from the start of the tensor (or row). Tiles and stripes
 * are whole segments, so that sums do not depend on either. 4,096 f32 values of a few models fit the L1 and L2 caches.
 */
export const SEGMENT_ELEMENTS = 4_096;

/** A tensor is split between workers only above this size: 4 Mi elements, some 10 ms of work. */
const SMALLEST_STRIPE_ELEMENTS = 4_194_304;

/** Bounds what the coordinator holds of partial results, and still feeds 64 workers. */
const MOST_STRIPES = 64;

/** A half-open range of elements. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Elements of the stripes that a tensor of `count` elements is split into; depends on nothing else. */
export function stripeElements(count: number): number {
  const share = Math.ceil(count / MOST_STRIPES / SEGMENT_ELEMENTS) * SEGMENT_ELEMENTS;
  return Math.max(SMALLEST_STRIPE_ELEMENTS, share);
}

export function splitRange(count: number, step: number): Range[] {
  const ranges: Range[] = [];
  for (let begin = 0; begin < count; begin += step)
    ranges.push({ begin, end: Math.min(begin + step, count) });
  return ranges;
}

/** Row ranges of about a stripe each; a row is never split. */
export function splitRows(count: number, rowElements: number): Range[] {
  const rows = Math.max(1, Math.floor(stripeElements(count) / rowElements));
  return splitRange(count, rows * rowElements);
}
