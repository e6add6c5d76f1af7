import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RecipeError, SourceError } from "../errors.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { MethodModule } from "../plan/types.ts";
import { checkMethods } from "./check.ts";
import { guarded } from "./guard.ts";

/** Bytes of a module: a method has a few KB, with all that it bundles some 100 KB. */
const MAX_MODULE_BYTES = 4 * 2 ** 20;

/** A module whose code has run, and its merge methods. */
export interface LoadedModule {
  readonly module: MethodModule;
  readonly methods: readonly AnyMethod[];
}

/**
 * Runs the code of each module and checks what it exports; relative paths start from `folder`, and nothing is looked
 * for elsewhere. Throws a RecipeError.
 */
export async function loadMethodModules(paths: readonly string[], folder: string): Promise<LoadedModule[]> {
  const loaded: LoadedModule[] = [];
  for (const path of new Set(paths)) {
    const location = resolve(folder, path);
    if (loaded.some(({ module }) => module.location === location)) continue;
    const sha256 = hashOf(await readModule(path, location));
    const methods = checkMethods(await importDefault(path, location, sha256), path);
    const names = methods.map(({ name }) => name);
    for (const other of loaded) refuseNames(path, names, other.module);
    loaded.push({
      module: { path, location, sha256, methods: names },
      methods: methods.map((method) => guarded(method, path)),
    });
  }
  return loaded;
}

/** The methods of modules that were loaded in another thread; refuses a file that is no longer the same. */
export async function reloadMethods(modules: readonly MethodModule[]): Promise<AnyMethod[]> {
  const methods: AnyMethod[] = [];
  for (const { path, location, sha256 } of modules) {
    if (hashOf(await readModule(path, location)) !== sha256) {
      throw new SourceError("SOURCE_CHANGED", `The module ${path} changed while the merge ran`, {
        where: location,
        hint: "Merge again.",
      });
    }
    const exported = checkMethods(await importDefault(path, location, sha256), path);
    methods.push(...exported.map((method) => guarded(method, path)));
  }
  return methods;
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function moduleError(path: string, message: string, hint: string, cause?: unknown): RecipeError {
  const details = { where: path, hint, ...(cause === undefined ? {} : { cause }) };
  return new RecipeError("RECIPE_METHOD_MODULE", `${path}: ${message}`, details);
}

async function readModule(path: string, location: string): Promise<Uint8Array> {
  const hint = "Paths of modules start from the recipe's folder.";
  const found = await stat(location).catch((cause: unknown) => {
    throw moduleError(path, `there is no file ${location}.`, hint, cause);
  });
  if (!found.isFile()) throw moduleError(path, `${location} is not a file.`, hint);
  if (found.size > MAX_MODULE_BYTES)
    throw moduleError(path, `is larger than ${MAX_MODULE_BYTES} bytes.`, "No merge method is.");
  return await readFile(location).catch((cause: unknown) => {
    throw moduleError(path, `${location} cannot be read: ${messageOf(cause)}`, hint, cause);
  });
}

/** With the hash in its address, an edited file is another module to Node, which runs each address once. */
async function importDefault(path: string, location: string, sha256: string): Promise<unknown> {
  try {
    const url = `${pathToFileURL(location).href}?sha256=${sha256}`;
    const exported = (await import(url)) as { readonly default?: unknown };
    return exported.default;
  } catch (cause) {
    const lacksUs = messageOf(cause).includes("Cannot find package 'stockpot'");
    const hint = lacksUs
      ? "Run npm install stockpot in its folder, or leave the import out: defineMethod returns the object that it is given."
      : "Run it with node to see where it fails.";
    throw moduleError(path, `its code fails: ${messageOf(cause)}`, hint, cause);
  }
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

function refuseNames(path: string, names: readonly string[], other: MethodModule): void {
  const name = names.find((each) => other.methods.includes(each));
  if (name === undefined) return;
  throw moduleError(path, `the method "${name}" is also in ${other.path}.`, "Rename one of them.");
}
