import type { Problem } from "../errors.ts";
import type { LockedFile, LockedInput, LockFile } from "../lock/lock-file.ts";
import { doubt } from "./problems.ts";

/** Holds the inputs as they are now against the lock file; what changed does not make the output wrong. */
export function compareInputs({ inputs: before }: LockFile, now: readonly LockedInput[]): Problem[] {
  return now.flatMap((input) => {
    const locked = before.find(({ reference }) => reference === input.reference);
    if (locked === undefined) return [changed(`${input.reference} is not among the inputs of the merge`)];
    if (locked.revision !== undefined && input.revision !== undefined && locked.revision !== input.revision)
      return [
        changed(`${input.reference} is at commit ${input.revision} now; the merge read ${locked.revision}`),
      ];
    return filesThatDiffer(locked.files, input.files).map((name) =>
      changed(`${name} of ${input.reference} is not what the merge read`),
    );
  });
}

const changed = (message: string) =>
  doubt("VERIFY_INPUT", message, "A merge of it now may give another output.");

function filesThatDiffer(before: readonly LockedFile[], now: readonly LockedFile[]): string[] {
  const names = new Set([...before, ...now].map(({ name }) => name));
  const find = (files: readonly LockedFile[], name: string) => files.find((file) => file.name === name);
  return [...names].filter((name) => !isSame(find(before, name), find(now, name)));
}

/** Equal as far as both sides know: a digest that only one has says nothing. */
function isSame(a: LockedFile | undefined, b: LockedFile | undefined): boolean {
  if (a?.byteLength === undefined || a.byteLength !== b?.byteLength) return false;
  const keys = ["sha256", "headerSha256", "oid"] as const;
  return keys.every((key) => a[key] === undefined || b[key] === undefined || a[key] === b[key]);
}
