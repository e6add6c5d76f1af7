export type Shape = readonly number[];

/** Elements of a tensor: the product of its sizes; 1 for a zero-dimensional one. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Elements of one output row: all but the last axis index rows; a 0-D or 1-D tensor is a single row. */
export function rowLength(shape: Shape): number {
  return shape.length < 2 ? elementCount(shape) : (shape.at(-1) ?? 1);
}

/** Columns of a tensor: all axes but the first index them; a 0-D or 1-D tensor is a single column. */
export function columnCount(shape: Shape): number {
  return shape.length < 2 ? 1 : elementCount(shape.slice(1));
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
