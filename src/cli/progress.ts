import { SingleBar } from "cli-progress";
import type { Io } from "./io.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "./quantities.ts";
import type { Style } from "./style.ts";

export interface ProgressDisplay {
  /** What has been gone through, over all passes. */
  update(done: number, total: number): void;
  stop(): void;
}

/** Lines for logs come rarely, and not at all when the work is over at once. */
const FIRST_LINE_MS = 2_000;
const NEXT_LINE_MS = 5_000;
/** The rate is that of the last seconds, so that the time left follows a disk that slows down. */
const RATE_WINDOW_MS = 5_000;

const SILENT: ProgressDisplay = { update: () => undefined, stop: () => undefined };

/** What is counted, and how its numbers and rates are written. */
interface Unit {
  readonly count: (count: number) => string;
  readonly rate: (perSecond: number) => string;
}

const UNITS = {
  bytes: { count: formatBytes, rate: (perSecond) => formatRate(perSecond, 1) },
  examples: {
    count: formatCount,
    rate: (perSecond) =>
      `${perSecond < 10 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond))} per second`,
  },
} as const satisfies Record<string, Unit>;

/** A bar on a terminal, plain lines at intervals elsewhere, nothing when `quiet`; always on standard error. */
export function createProgress(
  io: Io,
  style: Style,
  quiet = false,
  unit: keyof typeof UNITS = "bytes",
): ProgressDisplay {
  if (quiet) return SILENT;
  const isTerminal = io.stderr.isTTY === true && io.environment["TERM"] !== "dumb";
  return isTerminal ? createBar(io, style, UNITS[unit]) : createLines(io, UNITS[unit]);
}

/** Units per second over the last seconds. */
function createRate(): (done: number) => number {
  const samples: [ms: number, done: number][] = [];
  return (done) => {
    const now = performance.now();
    samples.push([now, done]);
    while (samples.length > 2 && (samples[1]?.[0] ?? now) < now - RATE_WINDOW_MS) samples.shift();
    const [ms, bytes] = samples[0] ?? [now, done];
    return now > ms ? ((done - bytes) / (now - ms)) * 1000 : 0;
  };
}

/** " 43 %  1.23 GB of 2.86 GB  1.10 GB/s  2 s left" */
function describe(
  { done, total, rate }: { readonly done: number; readonly total: number; readonly rate: number },
  unit: Unit,
): string {
  const percent = total > 0 ? Math.floor((done / total) * 100) : 100;
  const parts = [`${String(percent).padStart(3)} %`, `${unit.count(done)} of ${unit.count(total)}`];
  if (rate > 0) parts.push(unit.rate(rate), `${formatTimeLeft((total - done) / rate)} left`);
  return parts.join("  ");
}

/** An estimate has no hundredths. */
const formatTimeLeft = (seconds: number) =>
  seconds < 60 ? `${Math.ceil(seconds)} s` : formatDuration(seconds);

function createBar(io: Io, style: Style, unit: Unit): ProgressDisplay {
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
      return `  ${drawn}  ${describe({ done: value, total, rate }, unit)}`;
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
    update(done, total) {
      if (io.signal.aborted) return;
      rate = rateOf(done);
      if (!active) bar.start(total, done);
      active = true;
      bar.update(done);
    },
    stop,
  };
}

function createLines(io: Io, unit: Unit): ProgressDisplay {
  const rateOf = createRate();
  let nextMs = performance.now() + FIRST_LINE_MS;
  return {
    update(done, total) {
      const rate = rateOf(done);
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + NEXT_LINE_MS;
      io.stderr.write(`${describe({ done, total, rate }, unit)}\n`);
    },
    stop: () => undefined,
  };
}
