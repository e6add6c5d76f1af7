import { frameAt } from "./frame.ts";
import { MAX_PROBLEMS } from "./limits.ts";
import { RecipeError, throwIfErrors } from "../errors.ts";
import type { ErrorCode, Position, Problem } from "../errors.ts";
import type { Located, Span } from "./tree.ts";

/** Collects what is wrong in one recipe text, each with its place and a caret frame. */
export class RecipeProblems {
  readonly #text: string;
  readonly #file: string;
  readonly #lineStarts: number[] = [0];
  readonly #found: { readonly offset: number; readonly problem: Problem }[] = [];
  readonly #seen = new Set<string>();
  readonly #errorCodes = new Set<ErrorCode>();
  #errorCount = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) this.#lineStarts.push(i + 1);
  }

  /** How many different errors were reported. */
  get errorCount(): number {
    return this.#errorCount;
  }

  get hasErrors(): boolean {
    return this.#errorCodes.size > 0;
  }

  hasErrorOf(code: ErrorCode): boolean {
    return this.#errorCodes.has(code);
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.#file, line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  error(code: ErrorCode, at: Span | Position, message: string, hint?: string): void {
    this.#add("error", code, at, message, hint);
  }

  warn(code: ErrorCode, at: Span | Position, message: string, hint?: string): void {
    this.#add("warning", code, at, message, hint);
  }

  /** Reports a mistake after which nothing more can be said about the recipe. */
  fail(code: ErrorCode, at: Span | Position, message: string, hint: string): never {
    this.error(code, at, message, hint);
    this.throwIfErrors();
    throw new RecipeError(code, message);
  }

  throwIfErrors(): void {
    if (this.hasErrors) throwIfErrors(this.list(), RecipeError);
  }

  #add(
    severity: Problem["severity"],
    code: ErrorCode,
    at: Span | Position,
    message: string,
    hint?: string,
  ): void {
    const position = "line" in at ? at : this.position(at.offset);
    const offset = "line" in at ? (this.#lineStarts[at.line - 1] ?? 0) + at.column - 1 : at.offset;
    // The same place reached through several aliases, or a fault that two branches of the schema find, is one problem.
    const identity = `${offset} ${code} ${message}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    if (severity === "error") {
      this.#errorCodes.add(code);
      this.#errorCount++;
    }
    if (this.#seen.size > MAX_PROBLEMS) return;
    const isOneLine = "end" in at && at.end > offset && !this.#text.slice(offset, at.end).includes("\n");
    const length = isOneLine ? at.end - offset : undefined;
    const frame = frameAt(this.#text, position.line, position.column, length);
    const problem: Problem = {
      code,
      severity,
      message,
      position,
      frame,
      ...(hint !== undefined && { hint }),
    };
    this.#found.push({ offset, problem });
  }

  /** All problems in the order of the text. */
  list(): readonly Problem[] {
    const sorted = this.#found.toSorted((a, b) => a.offset - b.offset).map(({ problem }) => problem);
    const more = this.#seen.size - MAX_PROBLEMS;
    const last = sorted.at(-1);
    if (more <= 0 || last === undefined) return sorted;
    const message = `... and ${more} more problems, not shown.`;
    return [...sorted, { code: last.code, severity: this.hasErrors ? "error" : "warning", message }];
  }
}

/** Where to point for a node: an empty value has no place of its own, its key has; a collection is its first token. */
export function spanOf({ node, key }: Located): Span {
  if (node.kind !== "scalar") return { offset: node.offset, end: node.end };
  return node.end > node.offset || key === undefined ? node : key;
}
