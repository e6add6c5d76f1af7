import { passOf } from "./passes/index.ts";
import type { PassRequest, PassResult } from "./requests.ts";
import type { Range } from "./segments.ts";
import { SEGMENT_ELEMENTS } from "./segments.ts";
import type { Workbench } from "./workbench.ts";

/** Runs one pass over a range of the opened tensor: tile by tile, or within the window if it shows the whole range. */
export function runPass(bench: Workbench, request: PassRequest, range: Range): PassResult {
  const pass = passOf(request);
  bench.pass = request.kind;
  const reads = pass.reads(request, bench);
  const bytesPerElement = bench.operands.reduce(
    (sum, operand, k) => sum + (reads[k] === true ? operand.elementBytes : 0),
    0,
  );
  const runner = pass.start(request, bench, range);
  const resident = bench.shows(range);
  const step = resident ? range.end - range.begin : bench.tileElements;
  for (let begin = range.begin; begin < range.end; begin += step) {
    const end = Math.min(begin + step, range.end);
    if (!resident) bench.show({ begin, end });
    bench.load(reads);
    for (let at = begin; at < end; at += SEGMENT_ELEMENTS)
      runner.segment(at - bench.range.begin, Math.min(SEGMENT_ELEMENTS, end - at));
    bench.readBytes += bytesPerElement * (end - begin);
    if (pass.writesFrom) bench.writeFrom(pass.writesFrom(bench));
  }
  return runner.finish();
}
