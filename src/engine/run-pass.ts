import { rowLength } from "../tensor/shape.ts";
import { goesByRows, passOf } from "./passes/index.ts";
import type { Runner } from "./passes/pass.ts";
import type { PassRequest, PassResult } from "./requests.ts";
import type { Range } from "./segments.ts";
import { rowBlock, SEGMENT_ELEMENTS, splitRange } from "./segments.ts";
import type { Workbench } from "./workbench.ts";

/** Elements of a run that a sampling pass looks at: a read of one file system block in 16-bit dtypes takes no longer. */
const SAMPLE_RUN = 128;

/** Runs one pass over a range of the opened tensor: tile by tile, or within the window if it shows the whole range. */
export function runPass(bench: Workbench, request: PassRequest, range: Range): PassResult {
  const pass = passOf(request);
  bench.pass = request.kind;
  const reads = pass.reads(request, bench);
  const bytesPerElement = bench.operands.reduce(
    (sum, operand, k) => sum + (reads[k] === true ? operand.readBytes : 0),
    0,
  );
  const runner = pass.start(request, bench, range);
  const finishTile = () => {
    if (pass.writesFrom) bench.writeFrom(pass.writesFrom(bench));
  };
  const every = pass.every?.(request);
  if (every !== undefined) {
    walkRuns(bench, reads, range, every, (n) => runner.segment(0, n));
    return runner.finish();
  }
  if (goesByRows(request)) walkRows(bench, reads, range, runner, finishTile);
  else walk(bench, reads, range, (offset, n) => runner.segment(offset, n), finishTile);
  bench.readBytes += bytesPerElement * (range.end - range.begin);
  return runner.finish();
}

/** Visits the first elements of every so many. */
function walkRuns(
  bench: Workbench,
  reads: readonly boolean[],
  range: Range,
  every: number,
  visit: (n: number) => void,
): void {
  for (let begin = range.begin; begin < range.end; begin += every) {
    const end = Math.min(begin + SAMPLE_RUN, range.end);
    bench.show({ begin, end });
    bench.load(reads);
    visit(end - begin);
  }
}

/** Visits a range segment by segment; `finishTile` is called before the window moves on. */
function walk(
  bench: Workbench,
  reads: readonly boolean[],
  range: Range,
  visit: (offset: number, n: number) => void,
  finishTile?: () => void,
): void {
  const resident = bench.shows(range);
  const step = resident ? range.end - range.begin : bench.tileElements;
  for (let begin = range.begin; begin < range.end; begin += step) {
    const end = Math.min(begin + step, range.end);
    if (!resident) bench.show({ begin, end });
    bench.load(reads);
    for (let at = begin; at < end; at += SEGMENT_ELEMENTS)
      visit(at - bench.range.begin, Math.min(SEGMENT_ELEMENTS, end - at));
    finishTile?.();
  }
}

/** Visits a range of whole rows block by block. Rows longer than a tile are streamed once for each scan. */
function walkRows(
  bench: Workbench,
  reads: readonly boolean[],
  range: Range,
  runner: Runner<unknown>,
  finishTile: () => void,
): void {
  const block = rowBlock(rowLength(bench.tensor?.shape ?? []));
  const window = Math.max(1, Math.floor(bench.tileElements / block)) * block;
  for (const { begin, end } of splitRange(range.end - range.begin, window)) {
    const shown = { begin: range.begin + begin, end: range.begin + end };
    if (window <= bench.tileElements && !bench.shows(shown)) bench.show(shown);
    for (const part of splitRange(end - begin, block)) {
      const rows = { begin: shown.begin + part.begin, end: shown.begin + part.end };
      for (let step = 0; step < (runner.scans ?? 0); step++)
        walk(bench, reads, rows, (offset, n) => runner.scan?.(step, offset, n));
      walk(bench, reads, rows, (offset, n) => runner.segment(offset, n), finishTile);
    }
  }
}
