import { join, resolve } from "node:path";
import { isMergeError, problemOf, SourceError } from "../errors.ts";
import type { ErrorCode, MergeError, Problem } from "../errors.ts";
import type { LockFile } from "../lock/lock-file.ts";
import { inputModels, lockInputs } from "../merge/lock-inputs.ts";
import { packageVersion, planDigest } from "../merge/lock.ts";
import { prepare } from "../merge/prepare.ts";
import type { Prepared } from "../merge/prepare.ts";
import { readLock } from "../merge/read-lock.ts";
import { MAX_RECIPE_BYTES } from "../recipe/limits.ts";
import { readText } from "../sources/file.ts";
import { locate } from "../sources/locate.ts";
import { readModel } from "../sources/read-model.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { checkFiles } from "./files.ts";
import { compareInputs } from "./inputs.ts";
import { doubt, fault } from "./problems.ts";
import { compareTensors } from "./tensors.ts";
import type { VerifyOptions, VerifyReport } from "./types.ts";

/**
 * Finds out whether an output is still what its merge wrote: lengths and digests of all files, the headers of the
 * weights, and, where the inputs are at hand, whether the recipe still plans the same output. Throws a VerifyError if
 * there is no lock file; all else is in the report's problems.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const cwd = resolve(options.cwd ?? ".");
  const location = await locate(options.out, { searchFrom: [cwd] });
  if (location === undefined) throw noOutput(resolve(cwd, options.out));
  const out = location.path;
  const lock = await readLock(out);
  const { files, problems, hashedBytes } = await checkFiles(out, lock, options);
  const { headers, faults } = await readHeaders(
    out,
    files.some(({ state }) => state === "missing"),
  );
  const planning = await planAgain(out, lock, cwd, options);
  const found: Problem[] = [...problems, ...faults, ...planning.problems];
  let inputCount = 0;
  if (planning.prepared !== undefined) {
    const { intermediates, output } = planning.prepared;
    found.push(...compareTensors(output.plan, headers));
    const models = inputModels([...intermediates, output]);
    const { hashInputs = false, signal } = options;
    const inputs = await lockInputs(models, hashInputs ? "all" : "none", { signal });
    found.push(...compareInputs(lock, inputs));
    inputCount = inputs.length;
  }
  return {
    out,
    stockpot: lock.stockpot,
    intact: !found.some(({ severity }) => severity === "error"),
    files,
    hashedBytes,
    tensorCount: headers.tensors.size,
    replanned: planning.prepared !== undefined,
    inputCount,
    problems: found,
  };
}

function noOutput(where: string): SourceError {
  const hint = "Name the folder that a merge wrote.";
  return new SourceError("SOURCE_NOT_FOUND", `There is no folder ${where}`, { where, hint });
}

/** What is missing has been said: that the index names it need not be. */
async function readHeaders(
  out: string,
  incomplete: boolean,
): Promise<{ readonly headers: ModelHeaders; readonly faults: Problem[] }> {
  const faults: MergeError[] = [];
  const headers = await readModel(out, { path: out, kind: "folder" }, (error) => faults.push(error));
  const told: readonly ErrorCode[] = incomplete ? ["FORMAT_INDEX_SHARD", "SOURCE_NO_WEIGHTS"] : [];
  return { headers, faults: faults.filter(({ code }) => !told.includes(code)).map(problemOf) };
}

interface Planning {
  readonly prepared?: Prepared;
  readonly problems: readonly Problem[];
}

/** The inputs are elsewhere, or there is no leave to run the recipe's code: nothing is wrong with the output. */
const NOT_HERE: readonly ErrorCode[] = ["SOURCE_NOT_FOUND", "HUB_OFFLINE", "RECIPE_CODE"];

async function planAgain(
  out: string,
  lock: LockFile,
  cwd: string,
  options: VerifyOptions,
): Promise<Planning> {
  const { plan, recipe } = lock;
  if (plan === undefined || recipe.file === undefined) {
    const why = plan === undefined ? "It is a result on the way to another" : "It has no copy of its recipe";
    return { problems: [notPlanned(`${why}, so it was not planned again`)] };
  }
  const { methods, allowCode, hub, signal } = options;
  try {
    const text = await readText(join(out, recipe.file), MAX_RECIPE_BYTES);
    const asked = { ...plan.options, recipe: { text, file: recipe.source }, cwd, methods, allowCode, signal };
    const prepared = await prepare({ ...asked, hub: hub && { ...hub, offline: true } }, lock);
    return { prepared, problems: digestProblem(lock, planDigest(prepared.output.plan) === plan.sha256) };
  } catch (error) {
    if (!isMergeError(error)) throw error;
    const codes = [error.code, ...error.problems.map(({ code }) => code)];
    if (codes.every((code) => NOT_HERE.includes(code)))
      return { problems: [notPlanned(`The recipe could not be planned again: ${error.message}`)] };
    return { problems: error.problems.length > 0 ? error.problems : [problemOf(error)] };
  }
}

const notPlanned = (message: string) =>
  doubt(
    "VERIFY_NOT_PLANNED",
    message,
    "Run it in the folder in which the merge ran, with the models at their places.",
  );

function digestProblem({ stockpot }: LockFile, isSame: boolean): Problem[] {
  if (isSame) return [];
  const message = "The recipe and the inputs as they are now do not give the plan that the merge followed";
  const version = packageVersion();
  if (version === stockpot)
    return [fault("VERIFY_PLAN", message, "An input or the recipe was changed since: merge again.")];
  const hint = `The merge was made by version ${stockpot}, this is ${version}: plans may differ between versions.`;
  return [doubt("VERIFY_PLAN", message, hint)];
}
