import { Writable } from "node:stream";
import type { Io, Output } from "../../src/cli/io.ts";
import { run } from "../../src/cli/run.ts";
import { PROGRAM } from "../fixtures/program.ts";

class CapturedOutput extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 100;

  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }

  // What a progress bar asks of a terminal.
  cursorTo(x: number): void {
    this.text += `<${x}>`;
  }
  clearLine(): void {
    this.text += "<clear>";
  }
}

export interface CapturedIo extends Io {
  readonly stdout: Output & { readonly text: string };
  readonly stderr: Output & { readonly text: string };
}

interface Surroundings {
  readonly isTerminal?: boolean;
  readonly environment?: Io["environment"];
  readonly signal?: AbortSignal;
  /** What the user types when asked. */
  readonly answer?: string;
}

/** An `Io` that keeps what is written to it. */
export function captureIo({
  isTerminal = false,
  environment = {},
  signal,
  answer,
}: Surroundings = {}): CapturedIo {
  return {
    stdout: new CapturedOutput(isTerminal),
    stderr: new CapturedOutput(isTerminal),
    // No test asks the network, unless it says where.
    environment:
      environment["HF_ENDPOINT"] === undefined ? { HF_HUB_OFFLINE: "1", ...environment } : environment,
    signal: signal ?? new AbortController().signal,
    ask: () => Promise.resolve(answer),
    peakMemoryBytes: () => 123_000_000,
    programPath: PROGRAM,
  };
}

export interface FinishedRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this very process. */
export async function runCli(argv: readonly string[], surroundings?: Surroundings): Promise<FinishedRun> {
  const io = captureIo(surroundings);
  const status = await run(argv, io);
  return { status, stdout: io.stdout.text, stderr: io.stderr.text };
}
