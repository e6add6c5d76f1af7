import { createInterface } from "node:readline/promises";

/** Where a command writes, and what it knows of its surroundings; tests pass their own. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user asks to stop. */
  readonly signal: AbortSignal;
  /** Asks the user for a line; undefined if there is no terminal to ask on. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** The file that this program was started from. */
  readonly programPath: string;
  /** Largest resident memory of this program so far. */
  readonly peakMemoryBytes: () => number;
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * Whether to colour: `--no-color` and NO_COLOR (any value but the empty one) say no, then FORCE_COLOR decides, then
 * whether the output is a terminal that can.
 */
export function wantsColour(output: Output, environment: Io["environment"], flag = true): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (!flag || (NO_COLOR !== undefined && NO_COLOR !== "")) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return output.isTTY === true && TERM !== "dumb";
}

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST_TEXT = 100;

/** Columns for running text. */
export const textWidth = ({ columns = WIDEST_TEXT }: Output): number => Math.min(columns, WIDEST_TEXT);

/** The process's own streams. A reader that goes away (`stockpot plan ... | head`) is no failure. */
export function processIo(programPath: string): Io {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: interruptSignal(),
    ask: askOnTerminal,
    programPath,
    // resourceUsage counts in kibibytes on every platform.
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}

async function askOnTerminal(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** The first Ctrl-C (or SIGTERM) asks to stop cleanly, the second one ends the program at once. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    process.stderr.write("stopping; press Ctrl-C again to end at once\n");
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return controller.signal;
}
