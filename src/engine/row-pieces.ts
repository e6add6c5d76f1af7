import { MEAN, runAt, ZERO } from "../tokenizer/row-map.ts";
import type { Alignment } from "../tokenizer/row-map.ts";
import type { Range } from "./segments.ts";

interface SharedMap {
  readonly starts: Int32Array;
  readonly origins: Int32Array;
  readonly rows: Int32Array;
}

/** An alignment as workers have it: in memory that all of them share. */
export interface SharedAlignment {
  readonly vocabularyLength: number;
  readonly maps: readonly SharedMap[];
  readonly averages: Readonly<Record<"starts" | "models" | "rows", Int32Array>>;
}

export function shareAlignment({ vocabularyLength, maps, averages }: Alignment): SharedAlignment {
  return {
    vocabularyLength,
    maps: maps.map(({ starts, origins, rows }) => {
      return { starts: shared(starts), origins: shared(origins), rows: shared(rows) };
    }),
    averages: {
      starts: shared(averages.starts),
      models: shared(averages.models),
      rows: shared(averages.rows),
    },
  };
}

function shared(values: readonly number[]): Int32Array {
  const array = new Int32Array(new SharedArrayBuffer(values.length * Int32Array.BYTES_PER_ELEMENT));
  array.set(values);
  return array;
}

/** Elements of a rewritten tensor that follow one another in their origin, too. */
export interface RowPiece {
  /** In elements from the start of the range asked for. */
  readonly at: number;
  readonly length: number;
  readonly origin: number;
  /** Row of the origin (or entry of the averages) that the first element is in; 0 for ZERO and MEAN. */
  readonly row: number;
  /** Of the first element in its row. */
  readonly column: number;
}

/** The pieces that make up a range of elements of a tensor whose rows have `rowLength` elements. */
export function* rowPieces(map: SharedMap, rowLength: number, { begin, end }: Range): Generator<RowPiece> {
  const { starts, origins, rows } = map;
  let run = runAt(starts, Math.floor(begin / rowLength));
  for (let at = begin; at < end; run++) {
    const next = (starts[run + 1] ?? Infinity) * rowLength;
    const row = Math.floor(at / rowLength);
    const origin = origins[run] ?? ZERO;
    const counted = origin === ZERO || origin === MEAN ? 0 : (rows[run] ?? 0) + row - (starts[run] ?? 0);
    const length = Math.min(next, end) - at;
    yield { at: at - begin, length, origin, row: counted, column: at - row * rowLength };
    at += length;
  }
}
