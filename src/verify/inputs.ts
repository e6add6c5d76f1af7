import type { Problem } from "../errors.ts";
import { inputDifferences } from "../lock/differences.ts";
import type { LockedInput, LockFile } from "../lock/lock-file.ts";
import { doubt } from "./problems.ts";

/** Holds the inputs as they are now against the lock file; what changed does not make the output wrong. */
export function compareInputs({ inputs }: LockFile, now: readonly LockedInput[]): Problem[] {
  return inputDifferences(inputs, now).map((message) =>
    doubt("VERIFY_INPUT", message, "A merge of it now may give another output."),
  );
}
