import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { WriteStream } from "node:fs";
import { EvaluateError, InterruptedError } from "../errors.ts";
import { nearestName } from "../nearest.ts";

/** What evaluates a model that no network here can run: a program of the user's own. */
export interface EvaluationProgram {
  /** Program and arguments; `{model}` stands for the model's folder. */
  readonly command: readonly string[];
  /** Which numbers of the JSON count, keys joined by dots; none: all. */
  readonly metrics: readonly string[];
  readonly timeoutSeconds: number;
  /** All variables that the program sees; absent: those of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly folder: string;
  /** Absolute; all that the program prints goes there as well. */
  readonly log?: string;
  readonly signal?: AbortSignal;
}

/** Far above any report of results: what follows is not kept. */
const MAX_OUTPUT_CHARACTERS = 64 * 2 ** 20;
/** Of what a failed program printed last. */
const LINES_SHOWN = 10;

/** Runs the program on a model's folder and gives the numbers of the JSON that it prints last. */
export async function runProgram(program: EvaluationProgram, model: string): Promise<Record<string, number>> {
  const { command, metrics } = program;
  const words = command.map((word) => word.replaceAll("{model}", model));
  const output = await outputOf(words, program);
  return select(numbersIn(output, words), metrics, words);
}

function fault(words: readonly string[], what: string, hint: string, cause?: unknown): EvaluateError {
  const where = words.join(" ");
  return new EvaluateError("EVALUATE_COMMAND", `The program ${words[0] ?? ""} ${what}`, {
    where,
    hint,
    cause,
  });
}

async function outputOf(words: readonly string[], program: EvaluationProgram): Promise<string> {
  const [file = "", ...args] = words;
  const log = program.log === undefined ? undefined : await openLog(program.log);
  // A group of its own, so that what it starts can be stopped with it.
  const { folder: cwd, environment: env } = program;
  const child = spawn(file, args, { cwd, detached: true, ...(env === undefined ? {} : { env }) });
  child.stdin.end();
  const printed = { output: "", both: "" };
  const listen = (stream: NodeJS.ReadableStream, isOutput: boolean) => {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log?.write(text);
      if (isOutput && printed.output.length < MAX_OUTPUT_CHARACTERS) printed.output += text;
      printed.both = (printed.both + text).slice(-MAX_OUTPUT_CHARACTERS);
    });
  };
  listen(child.stdout, true);
  listen(child.stderr, false);
  try {
    await finished(child, words, program, printed);
  } finally {
    await new Promise<void>((done) => (log === undefined ? done() : log.end(() => done())));
  }
  return printed.output;
}

async function openLog(path: string): Promise<WriteStream> {
  const log = createWriteStream(path);
  await new Promise<void>((opened, failed) => {
    log.once("open", () => opened());
    log.once("error", (cause) => {
      const message = `The log ${path} cannot be written: ${cause.message}`;
      failed(new EvaluateError("EVALUATE_COMMAND", message, { where: path, cause }));
    });
  });
  return log;
}

/** Waits for the end, and brings it about when time is up or the user asks for it. */
async function finished(
  child: ChildProcessWithoutNullStreams,
  words: readonly string[],
  { timeoutSeconds, signal }: EvaluationProgram,
  printed: { readonly both: string },
): Promise<void> {
  let stopped: "time" | "user" | undefined;
  const stop = (reason: typeof stopped) => {
    stopped ??= reason;
    stopGroup(child);
  };
  const onAbort = () => stop("user");
  const timer = setTimeout(() => stop("time"), timeoutSeconds * 1000);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted === true) onAbort();
  try {
    const status = await new Promise<number | NodeJS.Signals>((done, failed) => {
      child.once("error", failed);
      child.once("close", (code, name) => done(code ?? name ?? 1));
    });
    if (stopped === "user") throw new InterruptedError("INTERRUPTED", "The evaluation was stopped.");
    const end = printed.both.trimEnd().split("\n").slice(-LINES_SHOWN).join("\n  ");
    const last = `It printed last:\n  ${end}`;
    if (stopped === "time") throw fault(words, `took longer than ${timeoutSeconds} s and was stopped`, last);
    if (status !== 0) throw fault(words, `ended with ${status}`, last);
  } catch (error) {
    if (error instanceof EvaluateError || error instanceof InterruptedError) throw error;
    const hint = "Is it installed, and is evaluate.folder there?";
    throw fault(words, `could not be started: ${error instanceof Error ? error.message : ""}`, hint, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Ends a program and all that it has started. */
function stopGroup(child: ChildProcessWithoutNullStreams): void {
  const { pid } = child;
  if (pid === undefined) return;
  // Where there are no groups, at least the program itself.
  execFile("kill", ["-KILL", "--", `-${pid}`], (error) => {
    if (error !== null) child.kill("SIGKILL");
  });
}

/** The numbers of the last JSON object of a text, by their keys joined by dots. */
function numbersIn(output: string, words: readonly string[]): Map<string, number> {
  const lines = output.trimEnd().split("\n");
  for (let first = lines.length - 1; first >= 0; first--) {
    if (lines[first]?.startsWith("{") !== true) continue;
    const value = parsed(lines.slice(first).join("\n"));
    if (value === undefined) continue;
    const numbers = new Map<string, number>();
    collect(value, "", numbers);
    if (numbers.size === 0) break;
    return numbers;
  }
  const hint = 'The last thing it prints on standard output must be a JSON object: {"accuracy": 0.81}.';
  throw fault(words, "printed no JSON object with numbers", hint);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // Another line may begin the object.
  }
}

function collect(value: unknown, name: string, numbers: Map<string, number>): void {
  if (typeof value === "number" && Number.isFinite(value)) numbers.set(name, value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value))
    collect(inner, name === "" ? key : `${name}.${key}`, numbers);
}

function select(
  numbers: ReadonlyMap<string, number>,
  metrics: readonly string[],
  words: readonly string[],
): Record<string, number> {
  if (metrics.length === 0) return Object.fromEntries(numbers);
  return Object.fromEntries(
    metrics.map((metric) => {
      const number = numbers.get(metric);
      if (number !== undefined) return [metric, number];
      const nearest = nearestName(metric, [...numbers.keys()]);
      const some = [...numbers.keys()].slice(0, LINES_SHOWN).join(", ");
      const hint = nearest === undefined ? `It printed ${some}.` : `Did you mean "${nearest}"?`;
      throw fault(words, `printed no number "${metric}"`, hint);
    }),
  );
}
