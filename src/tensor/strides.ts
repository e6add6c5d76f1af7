import type { Shape } from "./shape.ts";

/** Elements from one index of an axis to the next; several elements of a tensor may be stored once (stride 0). */
export type Strides = readonly number[];

/** Whether the elements lie row after row without a gap, so that a byte range is all of the tensor. */
export function isContiguous(shape: Shape, strides: Strides): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size === 1) continue; // Such an axis is never stepped along: any stride will do.
    if (strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Elements from the first to one past the last one that the tensor touches; NaN where that is no exact integer. */
export function strideExtent(shape: Shape, strides: Strides): number {
  if (shape.includes(0)) return 0;
  let last = 0;
  for (const [axis, size] of shape.entries()) last += (size - 1) * (strides[axis] ?? NaN);
  return Number.isSafeInteger(last) ? last + 1 : NaN;
}

/** A part of a strided tensor that one read can fetch: `count` elements at equal steps, all in elements. */
export interface GatherRun {
  /** Of the first element, from the first element of the tensor. */
  readonly source: number;
  readonly sourceStep: number;
  /** Where the first one belongs, from the start of the range asked for. */
  readonly target: number;
  readonly targetStep: number;
  readonly count: number;
}

interface Axis {
  readonly size: number;
  readonly stride: number;
}

/**
 * The reads that bring elements `begin` to `end` (in row-major order) of a strided tensor together. Each runs along the
 * axis whose elements lie closest, so that rows of a transposed matrix are fetched many at a time, a column by a column.
 */
export function* gatherRuns(
  shape: Shape,
  strides: Strides,
  begin: number,
  end: number,
): Generator<GatherRun, void, undefined> {
  const axes = mergeAxes(shape, strides);
  const origin = { source: 0, target: -begin };
  yield* walk(axes, origin, begin, end);
}

/** Drops axes of one index and joins those that are stepped through as one. */
function mergeAxes(shape: Shape, strides: Strides): Axis[] {
  const axes: Axis[] = [];
  for (const [at, size] of shape.entries()) {
    if (size === 1) continue;
    const stride = strides[at] ?? 0;
    const outer = axes.at(-1);
    if (outer?.stride === size * stride) axes[axes.length - 1] = { size: outer.size * size, stride };
    else axes.push({ size, stride });
  }
  return axes;
}

interface Place {
  readonly source: number;
  readonly target: number;
}

const volume = (axes: readonly Axis[]) => axes.reduce((product, { size }) => product * size, 1);

/** Splits a range of elements into whole boxes: the end of a first index, whole indices, the start of a last one. */
function* walk(
  axes: readonly Axis[],
  at: Place,
  begin: number,
  end: number,
): Generator<GatherRun, void, undefined> {
  if (begin >= end) return;
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    yield { ...at, sourceStep: 1, targetStep: 1, count: 1 };
    return;
  }
  const rowLength = volume(inner);
  const place = (index: number): Place => ({
    source: at.source + index * axis.stride,
    target: at.target + index * rowLength,
  });
  let first = Math.floor(begin / rowLength);
  const last = Math.floor(end / rowLength);
  if (first === last) {
    yield* walk(inner, place(first), begin % rowLength, end % rowLength);
    return;
  }
  if (begin % rowLength !== 0) yield* walk(inner, place(first++), begin % rowLength, rowLength);
  if (first < last) yield* box([{ size: last - first, stride: axis.stride }, ...inner], place(first));
  yield* walk(inner, place(last), 0, end % rowLength);
}

/** All elements of a box, in runs along its closest axis. */
function* box(axes: readonly Axis[], at: Place): Generator<GatherRun, void, undefined> {
  const steps = axes.map((axis, k) => ({ ...axis, targetStep: volume(axes.slice(k + 1)) }));
  const fast = steps.reduce((best, axis) => (isCloser(axis, best) ? axis : best));
  const others = steps.filter((axis) => axis !== fast);
  const index = others.map(() => 0);
  for (;;) {
    const along = (step: "stride" | "targetStep") =>
      others.reduce((sum, axis, k) => sum + (index[k] ?? 0) * axis[step], 0);
    yield {
      source: at.source + along("stride"),
      sourceStep: fast.stride,
      target: at.target + along("targetStep"),
      targetStep: fast.targetStep,
      count: fast.size,
    };
    let k = others.length - 1;
    while (k >= 0 && (index[k] ?? 0) + 1 === others[k]?.size) index[k--] = 0;
    if (k < 0) return;
    index[k] = (index[k] ?? 0) + 1;
  }
}

/** A stride of 0 repeats one element and brings no more than that. */
function isCloser(axis: Axis, than: Axis): boolean {
  if (axis.stride === 0 || axis.size === 1) return false;
  return than.stride === 0 || than.size === 1 || axis.stride < than.stride;
}
