import { mkdir, readdir, realpath, rmdir, stat, statfs } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { PlanError, SinkError } from "../errors.ts";
import type { MergePlan, PlannedModel } from "../plan/types.ts";
import { toSinkError, writing } from "./errors.ts";
import { isPartialName } from "./names.ts";

/** Names in the output folder, temporary files of killed runs left out; `undefined` if there is no folder. */
export async function listOutput(directory: string): Promise<string[] | undefined> {
  try {
    return (await readdir(directory)).filter((name) => !isPartialName(name)).sort();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw toSinkError(error, directory);
  }
}

/** Refuses a folder that holds something, unless `force` says that weights in it may be replaced. */
export function refuseContent(directory: string, names: readonly string[], force: boolean): void {
  if (force || names.length === 0) return;
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
  throw new SinkError("SINK_EXISTS", `The output folder ${directory} is not empty (${shown})`, {
    where: directory,
    hint: "Choose another folder, or pass --force to replace the weights in it.",
  });
}

/** Refuses paths at which a folder stands: a file cannot take its place. */
export async function refuseFolders(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true) continue;
    throw new SinkError("SINK_UNWRITABLE", `A folder is in the way: cannot write ${path}`, {
      where: path,
      hint: "Remove it or choose another output folder.",
    });
  }
}

/** Refuses an output folder that is, or contains, a folder or a file that the merge reads. */
export async function refuseInputs(directory: string, plan: MergePlan): Promise<void> {
  const output = await realpathOfPlanned(directory);
  for (const model of modelsRead(plan)) {
    for (const path of [model.location, ...model.files.map((file) => file.path)]) {
      const input = await realpathOfPlanned(path);
      if (!isWithin(output, input)) continue;
      const relation = input === output ? "is" : "contains";
      throw new SinkError("SINK_IS_INPUT", `The output folder ${directory} ${relation} the input ${path}`, {
        where: model.reference,
        hint: "Choose an output folder apart from all inputs.",
      });
    }
  }
}

/** The models that a plan reads; in the place of a computed one those that it is made from. */
function modelsRead({ models }: MergePlan): readonly PlannedModel[] {
  return models.flatMap((model) => (model.madeBy === undefined ? model : modelsRead(model.madeBy)));
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way.split(sep)[0] !== ".." && !isAbsolute(way);
}

/** Like `realpath`, but the last parts of the path need not exist yet. */
async function realpathOfPlanned(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realpathOfPlanned(parent), basename(path));
  }
}

/** Checks that `byteLength` bytes fit the file system on which the folder is or will be made. */
export async function checkFreeSpace(directory: string, byteLength: number): Promise<void> {
  const free = await freeBytes(directory);
  if (free === undefined || free >= byteLength) return;
  throw new PlanError(
    "PLAN_DISK_SPACE",
    `The output needs ${bytes(byteLength)}, but only ${bytes(free)} are free at ${directory}`,
    { where: directory, hint: "Free some space or choose an output folder on another disk." },
  );
}

/** `undefined` where the file system does not tell. */
export async function freeBytes(directory: string): Promise<number | undefined> {
  try {
    const { blocks, bavail, bsize } = await statfs(directory);
    return blocks === 0 ? undefined : bavail * bsize;
  } catch (error) {
    const parent = dirname(directory);
    return hasCode(error, "ENOENT") && parent !== directory ? freeBytes(parent) : undefined;
  }
}

/** Exact: near the limit, the two numbers of the message would look alike in a larger unit. */
const bytes = (count: number) => `${count.toLocaleString("en-US")} bytes`;

/** Makes the folder and its missing parents; returns those that were made, innermost first. */
export async function makeDirectory(directory: string): Promise<string[]> {
  const outermost = await writing(directory, () => mkdir(directory, { recursive: true }));
  if (outermost === undefined) return [];
  const made = [directory];
  for (let each = directory; each !== resolve(outermost) && dirname(each) !== each;) {
    each = dirname(each);
    made.push(each);
  }
  return made;
}

/** Removes folders that are empty again, and stops at the first that is not. */
export async function removeDirectories(directories: readonly string[]): Promise<void> {
  for (const each of directories) {
    try {
      await rmdir(each);
    } catch {
      return;
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
