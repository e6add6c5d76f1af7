/** The elementwise sum of arrays of equal length, in their order. */
export function addArrays(arrays: readonly ArrayLike<number>[]): Float64Array {
  const total = new Float64Array(arrays[0]?.length ?? 0);
  for (const array of arrays)
    for (let i = 0; i < array.length; i++) total[i] = (total[i] ?? 0) + (array[i] ?? 0);
  return total;
}
