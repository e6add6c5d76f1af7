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

/**
 * Elements that are worked on at a time by passes that go row by row: as many whole rows as fit a
 * segment, or one longer row. What segments are to other passes, these blocks are to passes that go by rows.
 */
export function rowBlock(rowElements: number): number {
  return rowElements > SEGMENT_ELEMENTS
    ? rowElements
    : Math.floor(SEGMENT_ELEMENTS / rowElements) * rowElements;
}

export function splitRange(count: number, step: number): Range[] {
  const ranges: Range[] = [];
  for (let begin = 0; begin < count; begin += step)
    ranges.push({ begin, end: Math.min(begin + step, count) });
  return ranges;
}

/** Ranges of about a stripe each, of whole rows or blocks of rows. */
export function splitRows(count: number, rowElements: number): Range[] {
  const rows = Math.max(1, Math.floor(stripeElements(count) / rowElements));
  return splitRange(count, rows * rowElements);
}

/** Neighbouring columns of a tensor, over all its rows: one worker measures, solves and combines them. */
export interface Strip {
  readonly first: number;
  readonly width: number;
  /** Columns of the tensor. */
  readonly columns: number;
}

/** Fewer neighbouring columns mean reads of less than 4 KB in 16-bit dtypes. */
const NARROWEST_STRIP = 2_048;
/** Bounds the sums that are kept of each column: a megabyte for two vectors. */
const WIDEST_STRIP = 32_768;

/** Strips of about a stripe's elements each, as equal in width as can be. */
export function splitColumns(count: number, columns: number): Strip[] {
  const asked = Math.ceil((stripeElements(count) * columns) / count);
  const most = Math.min(WIDEST_STRIP, Math.max(NARROWEST_STRIP, asked));
  const width = Math.ceil(columns / Math.ceil(columns / most));
  return splitRange(columns, width).map(({ begin, end }) => ({ first: begin, width: end - begin, columns }));
}
