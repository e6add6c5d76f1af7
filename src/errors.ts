import { CODES, EXIT_STATUS } from "./codes.ts";
import type { ErrorCode } from "./codes.ts";

export { CODES, EXIT_STATUS } from "./codes.ts";
export type { ErrorCode, Stage } from "./codes.ts";

export interface Position {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
}

/** One thing that is wrong (or doubtful) in a recipe or between models; several are shown at once. */
export interface Problem {
  readonly code: ErrorCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly position?: Position;
  /** The source line with a caret under the place, ready to print. */
  readonly frame?: string;
  readonly hint?: string;
}

export interface MergeErrorDetails {
  /** File, tensor or model that the failure is about. */
  readonly where?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
  readonly problems?: readonly Problem[];
}

/** Base of everything that Stockpot throws on purpose. */
export abstract class MergeError extends Error {
  abstract override readonly name: string;
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: MergeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
    this.problems = details.problems ?? [];
  }

  get exitStatus(): number {
    return EXIT_STATUS[CODES[this.code].stage];
  }
}

export class UsageError extends MergeError {
  override readonly name = "UsageError";
}
export class RecipeError extends MergeError {
  override readonly name = "RecipeError";
}
export class SourceError extends MergeError {
  override readonly name = "SourceError";
}
/** A file breaks its format: permanent, a retry cannot help. */
export class FormatError extends MergeError {
  override readonly name = "FormatError";
}
export class PlanError extends MergeError {
  override readonly name = "PlanError";
}
export class EngineError extends MergeError {
  override readonly name = "EngineError";
}
export class SinkError extends MergeError {
  override readonly name = "SinkError";
}
export class EvaluateError extends MergeError {
  override readonly name = "EvaluateError";
}
export class VerifyError extends MergeError {
  override readonly name = "VerifyError";
}
export class InterruptedError extends MergeError {
  override readonly name = "InterruptedError";
}

/** True for an error of Stockpot's own, optionally only for the given codes. */
export function isMergeError(error: unknown, ...only: ErrorCode[]): error is MergeError {
  return error instanceof MergeError && (only.length === 0 || only.includes(error.code));
}

/** An error as one entry of a list of problems. */
export function problemOf({ code, message, hint }: MergeError): Problem {
  return { code, severity: "error", message, ...(hint === undefined ? {} : { hint }) };
}

/** Raises all problems as one error of the given class, if any of them is an error rather than a warning. */
export function throwIfErrors(
  problems: readonly Problem[],
  Class: new (code: ErrorCode, message: string, details: MergeErrorDetails) => MergeError,
): void {
  const errors = problems.filter((problem) => problem.severity === "error");
  const first = errors[0];
  if (first === undefined) return;
  const message =
    errors.length === 1 ? first.message : `${errors.length} problems; the first: ${first.message}`;
  throw new Class(first.code, message, { problems });
}
