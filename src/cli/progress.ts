import { SingleBar } from "cli-progress";
import type { Io } from "./io.ts";
import { formatBytes, formatDuration, formatRate } from "./quantities.ts";
import type { Style } from "./style.ts";

export interface ProgressDisplay {
  /** Bytes of input gone through, over all passes. */
  update(doneBytes: number, totalBytes: number): void;
  stop(): void;
}

/** Lines for logs come rarely, and not at all when the work is over at once. */
const FIRST_LINE_MS = 2_000;
const NEXT_LINE_MS = 5_000;
/** The rate is that of the last seconds, so that the time left follows a disk that slows down. */
const RATE_WINDOW_MS = 5_000;

const SILENT: ProgressDisplay = { update: () => undefined, stop: () => undefined };

/** A bar on a terminal, plain lines at intervals elsewhere, nothing when `quiet`; always on standard error. */
export function createProgress(io: Io, style: Style, quiet = false): ProgressDisplay {
  if (quiet) return SILENT;
  const isTerminal = io.stderr.isTTY === true && io.environment["TERM"] !== "dumb";
  return isTerminal ? createBar(io, style) : createLines(io);
}

/** Bytes per second over the last seconds. */
function createRate(): (doneBytes: number) => number {
  const samples: [ms: number, bytes: number][] = [];
  return (doneBytes) => {
    const now = performance.now();
    samples.push([now, doneBytes]);
    while (samples.length > 2 && (samples[1]?.[0] ?? now) < now - RATE_WINDOW_MS) samples.shift();
    const [ms, bytes] = samples[0] ?? [now, doneBytes];
    return now > ms ? ((doneBytes - bytes) / (now - ms)) * 1000 : 0;
  };
}

/** " 43 %  1.23 GB of 2.86 GB  1.10 GB/s  2 s left" */
function describe(done: number, total: number, rate: number): string {
  const percent = total > 0 ? Math.floor((done / total) * 100) : 100;
  const parts = [`${String(percent).padStart(3)} %`, `${formatBytes(done)} of ${formatBytes(total)}`];
  if (rate > 0) parts.push(formatRate(rate, 1), `${formatTimeLeft((total - done) / rate)} left`);
  return parts.join("  ");
}

/** An estimate has no hundredths. */
const formatTimeLeft = (seconds: number) =>
  seconds < 60 ? `${Math.ceil(seconds)} s` : formatDuration(seconds);

function createBar(io: Io, style: Style): ProgressDisplay {
  const rateOf = createRate();
  let rate = 0;
  const bar = new SingleBar({
    stream: io.stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
    format: (_options, { value, total }) => {
      const width = Math.max(8, Math.min(30, (io.stderr.columns ?? 80) - 55));
      const filled = total > 0 ? Math.round((value / total) * width) : width;
      const drawn = style.name("█".repeat(filled)) + style.dim("░".repeat(width - filled));
      return `  ${drawn}  ${describe(value, total, rate)}`;
    },
  });
  let active = false;
  const stop = () => {
    if (active) bar.stop();
    active = false;
    io.signal.removeEventListener("abort", stop);
  };
  // The bar gives way before the message about stopping is printed.
  io.signal.addEventListener("abort", stop);
  return {
    update(doneBytes, totalBytes) {
      if (io.signal.aborted) return;
      rate = rateOf(doneBytes);
      if (!active) bar.start(totalBytes, doneBytes);
      active = true;
      bar.update(doneBytes);
    },
    stop,
  };
}

function createLines(io: Io): ProgressDisplay {
  const rateOf = createRate();
  let nextMs = performance.now() + FIRST_LINE_MS;
  return {
    update(doneBytes, totalBytes) {
      const rate = rateOf(doneBytes);
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + NEXT_LINE_MS;
      io.stderr.write(`${describe(doneBytes, totalBytes, rate)}\n`);
    },
    stop: () => undefined,
  };
}
