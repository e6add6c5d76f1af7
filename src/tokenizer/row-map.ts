/** Origins of rows that are no model's (a model is its position, from 0). */
export const ZERO = -1;
/** The mean of the first `Alignment.vocabularyLength` rows of the same model's rewritten matrix. */
export const MEAN = -2;
/** The mean of several rows: `RowMap.rows` then counts entries of `Alignment.averages`. */
export const AVERAGE = -3;

/**
 * Where the rows of one model's rewritten matrix come from, as runs of rows that follow one another in their origin
 * too. Run i is of the output rows from starts[i] up to starts[i + 1] (or `Alignment.rowCount`); its first row is
 * rows[i] of origins[i], the next rows[i] + 1, and so on. Rows of ZERO and MEAN are 0 and do not count up.
 */
export interface RowMap {
  readonly starts: readonly number[];
  readonly origins: readonly number[];
  readonly rows: readonly number[];
}

/** Rows to average, entry by entry: entry i is of models[j], rows[j] for j from starts[i] up to starts[i + 1]. */
export interface Averages {
  /** One more than there are entries. */
  readonly starts: readonly number[];
  readonly models: readonly number[];
  readonly rows: readonly number[];
}

/** How the rows of every model's matrix are rewritten to the output vocabulary; plain JSON. */
export interface Alignment {
  /** Rows of all rewritten matrices. */
  readonly rowCount: number;
  readonly vocabularyLength: number;
  /** One for each model, in the order given. */
  readonly maps: readonly RowMap[];
  readonly averages: Averages;
}

/** One row of one model: from which origin, and which row (or entry of the averages) of it. */
export interface RowSource {
  readonly origin: number;
  readonly row: number;
}

/** Number of the run that a row is in; `starts` are a row map's. */
export function runAt(starts: ArrayLike<number>, row: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle;
  }
  return low;
}

/** What a model's rewritten matrix has in one row. */
export function rowSource({ maps }: Alignment, model: number, row: number): RowSource {
  const { starts, origins, rows } = maps[model] ?? { starts: [], origins: [], rows: [] };
  const run = runAt(starts, row);
  const origin = origins[run] ?? ZERO;
  const first = rows[run] ?? 0;
  return { origin, row: origin === ZERO || origin === MEAN ? 0 : first + row - (starts[run] ?? 0) };
}

/** True if a model's matrix of so many rows stays as it is. */
export function keepsRows({ maps, rowCount }: Alignment, model: number, rows: number): boolean {
  const map = maps[model];
  return rowCount === rows && map?.starts.length === 1 && map.origins[0] === model && map.rows[0] === 0;
}

/** Collects the entries of `Averages`. */
export class AverageTable {
  readonly starts: number[] = [0];
  readonly models: number[] = [];
  readonly rows: number[] = [];

  add(sources: readonly RowSource[]): RowSource {
    for (const { origin, row } of sources) {
      this.models.push(origin);
      this.rows.push(row);
    }
    this.starts.push(this.models.length);
    return { origin: AVERAGE, row: this.starts.length - 2 };
  }
}

/** Collects the runs of a `RowMap`; rows must come in order. */
export class RowMapBuilder {
  readonly starts: number[] = [];
  readonly origins: number[] = [];
  readonly rows: number[] = [];
  #origin: number | undefined;
  #next = 0;

  push(outputRow: number, { origin, row }: RowSource): void {
    if (origin !== this.#origin || row !== this.#next) {
      this.starts.push(outputRow);
      this.origins.push(origin);
      this.rows.push(row);
      this.#origin = origin;
    }
    this.#next = origin === ZERO || origin === MEAN ? 0 : row + 1;
  }
}
