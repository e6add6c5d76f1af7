import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LOCK_NAME } from "../lock/lock-file.ts";
import type { MergePlan } from "../plan/types.ts";
import type { ModelHeaders } from "../sources/types.ts";
import {
  checkFreeSpace,
  listOutput,
  makeDirectory,
  refuseContent,
  refuseFolders,
  refuseInputs,
  removeDirectories,
} from "./directory.ts";
import { writing } from "./errors.ts";
import { stageLock } from "./lock.ts";
import { isWeightName } from "./names.ts";
import { shardFiles, stageIndex, stageShards } from "./shards.ts";
import { donorOf, stageSmallFiles } from "./small-files.ts";
import { Staging } from "./staging.ts";
import type { LockParts, Sink, SinkOptions, WrittenFile } from "./types.ts";

/**
 * Opens the output folder of a merge. All that can go wrong but the weights themselves goes wrong here: refusals,
 * free space, permissions, and the small files, which are complete (under temporary names) when this returns.
 */
export async function openSink(outDirectory: string, plan: MergePlan, options: SinkOptions): Promise<Sink> {
  const directory = resolve(outDirectory);
  const { models, force } = options;
  const present = await checkOutput(directory, { plan, models }, force);
  const made = await makeDirectory(directory);
  const staging = new Staging(directory);
  const abort = async () => {
    await staging.discard();
    await removeDirectories(made.splice(0));
  };
  try {
    const small = await stageSmallFiles(staging, directory, plan, options);
    const shardPaths = await stageShards(staging, plan);
    // In this order they get their names: whoever sees the weights sees the rest, and the index names whole shards.
    const files = [...small, ...shardFiles(plan), ...(await stageIndex(staging, plan))];
    await refuseFolders([...files.map(({ name }) => name), LOCK_NAME].map((name) => join(directory, name)));
    const commit = async (lock?: LockParts) => {
      const locked = lock === undefined ? files : await stageLock(staging, files, lock);
      return await place(staging, directory, locked, present);
    };
    return { directory, shardPaths, commit, abort };
  } catch (error) {
    await abort();
    throw error;
  }
}

/** Refuses an output that cannot be; gives the names of what is in its folder. */
export async function checkOutput(
  directory: string,
  { plan, models }: { readonly plan: MergePlan; readonly models: SinkOptions["models"] },
  force: boolean,
): Promise<readonly string[]> {
  await refuseInputs(directory, plan);
  const present = (await listOutput(directory)) ?? [];
  refuseContent(directory, present, force);
  await checkFreeSpace(directory, outputBytes(plan, donorOf(plan, models)));
  return present;
}

/** Bytes that must be free before the first one is written. */
function outputBytes(plan: MergePlan, donor: ModelHeaders): number {
  const files = [...plan.output.shards, ...donor.sideFiles];
  return files.reduce((total, { byteLength }) => total + byteLength, 0);
}

async function place(
  staging: Staging,
  directory: string,
  files: readonly WrittenFile[],
  present: readonly string[],
): Promise<readonly WrittenFile[]> {
  // First, so that at no time an old index or an old model.safetensors stands beside new shards.
  for (const name of present.filter((each) => isWeightName(each) || each === LOCK_NAME)) {
    const path = join(directory, name);
    await writing(path, () => rm(path, { force: true }));
  }
  for (const { name } of files) await staging.place(name);
  await staging.complete();
  return files;
}
