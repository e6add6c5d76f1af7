import { FormatError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";

/** Makes the error for what is wrong with a file. */
export type Fail = (code: ErrorCode, what: string, hint?: string) => FormatError;

/** Errors about a file, by its name for messages. */
export const failureOf =
  (file: string): Fail =>
  (code, what, hint) =>
    new FormatError(code, `${file}: ${what}`, { where: file, ...(hint === undefined ? {} : { hint }) });

const LFS_START = "version ";

/** Refuses what stands in a repository for a large file that was never fetched. */
export function refuseLfsPointer(start: Uint8Array, fail: Fail): void {
  if (new TextDecoder().decode(start.subarray(0, LFS_START.length)) !== LFS_START) return;
  const hint = 'Run "git lfs pull" in the model\'s folder.';
  throw fail("FORMAT_HEADER_LENGTH", "this is a Git LFS pointer, not the weights", hint);
}

/** Text from a file, safe to print and of bounded length. */
export function quote(text: string): string {
  return brief(JSON.stringify(text));
}

export function brief(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
