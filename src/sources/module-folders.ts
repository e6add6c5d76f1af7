import { SourceError } from "../errors.ts";

/** sentence-transformers' list of what follows the network: pooling, dense layers, normalisation. */
export const MODULES_NAME = "modules.json";
/** A list of a few modules. */
const MAX_MODULES_BYTES = 2 ** 20;

/** Dense layers between embeddings of 8,192 entries take 256 MiB; what is larger is a network, to be merged itself. */
export const MAX_MODULE_WEIGHTS_BYTES = 2 ** 28;

/** The sub-folders that modules.json names, whose weights belong to the model beside the merged ones. */
export async function moduleFolders(
  names: readonly string[],
  read: (name: string, maxBytes: number) => Promise<{ readonly text: string; readonly label: string }>,
): Promise<ReadonlySet<string>> {
  if (!names.includes(MODULES_NAME)) return new Set();
  const { text, label } = await read(MODULES_NAME, MAX_MODULES_BYTES);
  const paths = parseList(text, label).flatMap((module) =>
    typeof module === "object" && module !== null && "path" in module ? [module.path] : [],
  );
  return new Set(paths.filter((each): each is string => typeof each === "string" && each !== ""));
}

function parseList(text: string, path: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch {
    // Said below, as of any other text that is no list.
  }
  const hint = "Repair or remove it: it says which folders beside the weights belong to the model.";
  throw new SourceError("SOURCE_CONFIG", `${path} is not a list of modules in JSON`, { where: path, hint });
}
