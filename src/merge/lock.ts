import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, isAbsolute } from "node:path";
import type { PlanOptions } from "../engine/options.ts";
import { DEFAULT_MAX_SHARD_BYTES } from "../engine/options.ts";
import { renderLock } from "../lock/lock-file.ts";
import type { LockedInput, LockedOptions, LockFile } from "../lock/lock-file.ts";
import type { MergePlan } from "../plan/types.ts";
import { RECIPE_NAME } from "../sink/names.ts";
import type { WrittenFile } from "../sink/types.ts";

/** What a lock file says beside the files of the output. */
export interface LockContents {
  readonly plan: MergePlan;
  /** The recipe as the output has it. */
  readonly recipeText: string;
  readonly inputs: readonly LockedInput[];
  /** Absent for a result on the way, which cannot be planned by itself. */
  readonly options: PlanOptions | undefined;
}

/** The text of stockpot.lock.json; every file of the output but the model card has its digest. */
export function lockText(
  { plan, recipeText, inputs, options }: LockContents,
  files: readonly WrittenFile[],
): string {
  const lock: LockFile = {
    version: 1,
    stockpot: packageVersion(),
    recipe: {
      ...(files.some(({ name }) => name === RECIPE_NAME) && { file: RECIPE_NAME }),
      source: isAbsolute(plan.recipe) ? basename(plan.recipe) : plan.recipe,
      sha256: sha256(recipeText),
    },
    ...(options !== undefined && { plan: { sha256: planDigest(plan), options: lockedOptions(options) } }),
    ...(plan.methodModules !== undefined && {
      modules: plan.methodModules.map(({ path, sha256: digest }) => ({ path, sha256: digest })),
    }),
    inputs,
    files: files.flatMap(({ name, byteLength, role, sha256: digest }) =>
      digest === undefined ? [] : [{ name, byteLength, role, sha256: digest }],
    ),
  };
  return renderLock(lock);
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Of all that fixes the bytes of the output; where the models lie and when they were written is no part of it. */
export function planDigest(plan: MergePlan): string {
  const { tensors, output, seed, donor, configDtype, configEdits, models, intermediates = [] } = plan;
  const modules = (plan.methodModules ?? []).map((each) => each.sha256);
  const before = intermediates.map((each) => [each.name, planDigest(each.plan)]);
  const references = models.map(({ reference }) => reference);
  return sha256(
    JSON.stringify([
      references,
      donor,
      seed,
      tensors,
      output.shards,
      configDtype,
      configEdits,
      modules,
      before,
    ]),
  );
}

function lockedOptions(options: PlanOptions): LockedOptions {
  const {
    maxShardBytes = DEFAULT_MAX_SHARD_BYTES,
    dtype,
    seed,
    lenient,
    truncateEmbeddings,
    tensorSet,
  } = options;
  return {
    maxShardBytes,
    ...(dtype !== undefined && { dtype }),
    ...(seed !== undefined && { seed }),
    ...(lenient === true && { lenient }),
    ...(truncateEmbeddings === true && { truncateEmbeddings }),
    ...(tensorSet !== undefined && { tensorSet }),
  };
}

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(new URL(import.meta.resolve("stockpot/package.json")), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
