import { createHash } from "node:crypto";
import { basename, dirname, resolve } from "node:path";
import type { PlanOptions } from "../engine/options.ts";
import { VerifyError } from "../errors.ts";
import { inputDifferences } from "../lock/differences.ts";
import { LOCK_NAME } from "../lock/lock-file.ts";
import type { LockedInput, LockFile } from "../lock/lock-file.ts";
import { withoutTokens } from "../lock/secrets.ts";
import { inputModels, lockInputs } from "./lock-inputs.ts";
import { packageVersion, planDigest } from "./lock.ts";
import type { Step } from "./plan-step.ts";
import { readLock } from "./read-lock.ts";

/** The lock file that a merge is held to: one by its path, or that of an output folder. */
export async function readPins({ locked, cwd = "." }: PlanOptions): Promise<LockFile | undefined> {
  if (locked === undefined) return undefined;
  const path = resolve(cwd, locked);
  return path.endsWith(".json") ? await readLock(dirname(path), basename(path)) : await readLock(path);
}

/** Commits by the names that the recipe has for models and adapters of the Hub. */
export function pinnedCommits(lock: LockFile | undefined): ReadonlyMap<string, string> {
  const named = lock?.inputs.flatMap(({ adapter, ...model }) => {
    if (adapter === undefined) return [model];
    const ending = `+${adapter.reference}`;
    const { reference } = model;
    return [{ ...model, reference: reference.slice(0, reference.length - ending.length) }, adapter];
  });
  const pins = named?.flatMap(({ reference, repo, revision }) =>
    repo === undefined || revision === undefined ? [] : [[reference, revision] as const],
  );
  return new Map(pins);
}

/** Throws a VerifyError unless recipe, options and every file of every input are those of the lock file. */
export async function checkLocked(
  lock: LockFile,
  steps: readonly Step[],
  { signal }: PlanOptions,
): Promise<void> {
  const output = steps.at(-1);
  if (output === undefined) return;
  const text = withoutTokens(output.recipe.text);
  if (createHash("sha256").update(text).digest("hex") !== lock.recipe.sha256) {
    throw refusal("VERIFY_PLAN", ["The recipe is not the one that was locked"]);
  }
  const now = await inputsNow(lock, steps, signal);
  const unused = lock.inputs.filter((each) => !now.some(({ reference }) => reference === each.reference));
  const differences = [
    ...inputDifferences(lock.inputs, now),
    ...unused.map(({ reference }) => `${reference} is among the inputs of the merge, and is none now`),
  ];
  if (differences.length > 0) throw refusal("VERIFY_INPUT", differences);
  const isSame = lock.plan === undefined || planDigest(output.plan) === lock.plan.sha256;
  if (!isSame && lock.stockpot === packageVersion())
    throw refusal("VERIFY_PLAN", ["The options give another plan than the one that was locked"]);
}

/** The inputs, with digests of the weights where the lock file has them and the Hub does not say. */
async function inputsNow(
  lock: LockFile,
  steps: readonly Step[],
  signal: AbortSignal | undefined,
): Promise<LockedInput[]> {
  const models = inputModels(steps);
  const isHashed = (reference: string) =>
    lock.inputs.some(
      (each) => each.reference === reference && each.files.every(({ sha256, oid }) => sha256 ?? oid),
    );
  const toHash = models.filter(({ headers }) => headers.hub === undefined && isHashed(headers.reference));
  const others = models.filter((model) => !toHash.includes(model));
  return [
    ...(await lockInputs(others, "none", { signal })),
    ...(await lockInputs(toHash, "unlisted", { signal })),
  ];
}

function refusal(code: "VERIFY_INPUT" | "VERIFY_PLAN", messages: readonly string[]): VerifyError {
  const [first = "", ...more] = messages;
  const rest = more.length > 0 ? ` (and ${more.length} more differences: ${more.join("; ")})` : "";
  return new VerifyError(code, `${first}${rest}`, {
    hint: `Bring back what was locked, or leave out --locked: the merge then writes a new ${LOCK_NAME}.`,
  });
}
