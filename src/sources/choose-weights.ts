import { SourceError } from "../errors.ts";
import { WEIGHT_FILE } from "./side-files.ts";

const SINGLE = "model.safetensors";
const INDEX_SUFFIX = ".safetensors.index.json";

/** The files that hold a model: those that an index names, or these. */
export type WeightChoice = { readonly index: string } | { readonly files: readonly string[] };

/**
 * Chooses among a folder's file names as transformers does: model.safetensors, then an index, then whatever safetensors
 * files there are.
 */
export function chooseWeights(folder: string, names: readonly string[]): WeightChoice {
  if (names.includes(SINGLE)) return { files: [SINGLE] };
  const top = names.filter((name) => !name.includes("/"));
  // Meta's own layout of the same weights, published beside the model's.
  const own = top.filter((name) => !name.startsWith("consolidated"));
  const indexes = own.filter((name) => name.endsWith(INDEX_SUFFIX));
  const [index, ...others] = indexes.includes(`${SINGLE}.index.json`) ? [`${SINGLE}.index.json`] : indexes;
  if (index !== undefined && others.length === 0) return { index };
  if (index !== undefined) {
    const hint = "Name one of these indexes, by its path, as the model.";
    throw noWeights(folder, `holds several sets of weights: ${indexes.join(", ")}`, hint);
  }
  const isWeights = (name: string) => name.endsWith(".safetensors");
  const files = own.some(isWeights) ? own.filter(isWeights) : top.filter(isWeights);
  if (files.length > 0) return { files };
  throw noWeights(folder, "holds no safetensors weights", cureFor(names));
}

/** The same for a model that is a single file. */
export function chooseFile(path: string, name: string): WeightChoice {
  if (name.endsWith(INDEX_SUFFIX)) return { index: name };
  if (name.endsWith(".safetensors")) return { files: [name] };
  throw noWeights(path, "is not a safetensors file", cureFor([name]));
}

function noWeights(where: string, what: string, hint: string): SourceError {
  return new SourceError("SOURCE_NO_WEIGHTS", `${where} ${what}`, { where, hint });
}

function cureFor(names: readonly string[]): string {
  const below = names.find((name) => name.includes("/") && name.endsWith(".safetensors"));
  if (below !== undefined)
    return `There are weights one level below, in ${below}: name that folder as the model.`;
  const foreign = names.find((name) => WEIGHT_FILE.test(name));
  if (foreign === undefined) return "Name the folder of a model, or a .safetensors file.";
  return `${foreign} is in another format: convert it to safetensors first (in transformers: save_pretrained).`;
}
