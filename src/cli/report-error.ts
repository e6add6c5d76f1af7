import { CODES, EXIT_STATUS, isMergeError } from "../index.ts";
import type { MergeError, Problem } from "../index.ts";
import type { Io } from "./io.ts";
import { plural } from "./quantities.ts";
import type { Style } from "./style.ts";

interface ErrorDisplay {
  readonly style: Style;
  readonly json: boolean;
  readonly debug: boolean;
}

/** Prints what went wrong on standard error (with --json also as a document on standard output); gives the status. */
export function reportError(error: unknown, io: Io, { style, json, debug }: ErrorDisplay): number {
  const lines = isMergeError(error) ? renderMergeError(error, style) : renderDefect(error, style);
  if (debug && error instanceof Error) lines.push("", ...stackOf(error).map(style.dim));
  io.stderr.write(`${lines.join("\n")}\n`);
  if (json) io.stdout.write(`${JSON.stringify({ error: errorDocument(error) }, undefined, 2)}\n`);
  return isMergeError(error) ? error.exitStatus : EXIT_STATUS.internal;
}

function renderMergeError(error: MergeError, style: Style): string[] {
  if (error.problems.length > 0) return renderProblems(error.problems, style);
  const place = error.where === undefined ? "" : `${error.where}  `;
  // What became of the files is the first question after Ctrl-C.
  const message = error.code === "INTERRUPTED" ? CODES.INTERRUPTED.text : error.message;
  return [`${place}${style.error(error.code)}  ${message}`, ...renderHint(error.hint, style)];
}

function renderDefect(error: unknown, style: Style): string[] {
  const message = error instanceof Error ? error.message : String(error);
  return [`${style.error("INTERNAL")}  ${message}`, ...renderHint(CODES.INTERNAL.text, style)];
}

const renderHint = (hint: string | undefined, style: Style) =>
  hint === undefined ? [] : [style.dim(`  ${hint}`)];

/** Each problem with its place, the source line and the cure; a count at the end when there are several. */
export function renderProblems(problems: readonly Problem[], style: Style): string[] {
  const lines = problems.flatMap((problem) => renderProblem(problem, style));
  if (problems.length < 2) return lines;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const counts = [
    ...(errors > 0 ? [style.error(plural(errors, "error"))] : []),
    ...(warnings > 0 ? [style.warning(plural(warnings, "warning"))] : []),
  ];
  return [...lines, counts.join(", ")];
}

function renderProblem({ code, severity, message, position, frame, hint }: Problem, style: Style): string[] {
  const place = position === undefined ? "" : `${position.file}:${position.line}:${position.column}  `;
  const paint = severity === "error" ? style.error : style.warning;
  const frameLines = frame === undefined ? [] : frame.replace(/\n$/, "").split("\n").map(style.dim);
  return [`${place}${paint(code)}  ${message}`, ...frameLines, ...renderHint(hint, style)];
}

function stackOf(error: Error): string[] {
  const own = (error.stack ?? String(error)).split("\n");
  return error.cause instanceof Error ? [...own, "caused by", ...stackOf(error.cause)] : own;
}

function errorDocument(error: unknown): object {
  if (!isMergeError(error)) return { code: "INTERNAL", message: String(error) };
  const { code, message, where, hint, problems } = error;
  return { code, message, where, hint, problems };
}
