import type { PlannedTensor } from "../plan/types.ts";
import { rowLength } from "../tensor/shape.ts";
import type { Bins, Factors, PassRequest, PassResult } from "./requests.ts";

/** A megabyte. In tensors of more rows, which are then short ones, each pass computes the factors anew. */
const MOST_REMEMBERED_ROWS = 262_144;

interface Measured {
  /** What the magnitudes of each row are multiplied by to be importances, in memory that all workers share. */
  readonly rows?: Float32Array;
  readonly sample?: Bins | undefined;
}

/** The factor of each row and, if `samples`, a sample of the importances where it can be had in the same reading. */
export function* measureRowFactors(
  { shape }: PlannedTensor,
  count: number,
  samples: boolean,
): Generator<PassRequest, Measured, PassResult> {
  const row = rowLength(shape);
  const rows = count / row;
  if (rows > MOST_REMEMBERED_ROWS) return {};
  // A factor that all share chooses nothing, and rounding would decide whether an importance equals the threshold.
  if (rows === 1) return { rows: Float32Array.of(1) };
  const { parts, sample } = (yield { kind: "factors", sample: samples }) as Factors;
  const all = new Float32Array(new SharedArrayBuffer(rows * Float32Array.BYTES_PER_ELEMENT));
  for (const { begin, factors } of parts) all.set(factors, begin / row);
  return { rows: all, sample };
}
