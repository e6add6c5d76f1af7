import { SourceError } from "../errors.ts";
import { WEIGHT_FILE } from "./side-files.ts";

export type WeightFormat = "safetensors" | "pytorch";

/** The files that hold a model: those that an index names, or these. */
export type WeightChoice = { readonly format: WeightFormat } & (
  { readonly index: string } | { readonly files: readonly string[] }
);

interface FormatNames {
  readonly format: WeightFormat;
  /** The whole model in one file: as transformers writes it, and as Diffusers does. */
  readonly singles: readonly string[];
  readonly endings: readonly string[];
  readonly indexSuffix: string;
}

const SAFETENSORS: FormatNames = {
  format: "safetensors",
  singles: ["model.safetensors", "diffusion_pytorch_model.safetensors"],
  endings: [".safetensors"],
  indexSuffix: ".safetensors.index.json",
};

const PYTORCH: FormatNames = {
  format: "pytorch",
  singles: ["pytorch_model.bin", "diffusion_pytorch_model.bin"],
  endings: [".bin", ".pt", ".pth", ".ckpt"],
  indexSuffix: ".bin.index.json",
};

/** What training leaves beside the weights. */
const TRAINING_STATE = /^(?:training_args|optimizer|scheduler|scaler|rng_state|random_states)(?=[._-])/;

/** Names listed in a message. */
const NAMES_SHOWN = 4;

const isOf = ({ endings }: FormatNames, name: string) => endings.some((ending) => name.endsWith(ending));

/** Names of a model's weights that can be read, safetensors first. */
export function isReadable(name: string): boolean {
  return isOf(SAFETENSORS, name) || isOf(PYTORCH, name);
}

/**
 * Chooses among a folder's file names as transformers does: model.safetensors, then an index, then whatever safetensors
 * files there are; without any, pytorch_model.bin, then its index, then the one PyTorch file there is.
 */
export function chooseWeights(folder: string, names: readonly string[]): WeightChoice {
  const top = names.filter((name) => !name.includes("/"));
  // Meta's own layout of the same weights, published beside the model's.
  const own = top.filter((name) => !name.startsWith("consolidated"));
  const filesOf = (format: FormatNames) =>
    [own, top]
      .map((among) => among.filter((name) => isOf(format, name) && !TRAINING_STATE.test(name)))
      .find(({ length }) => length > 0) ?? [];

  const named = namedChoice(SAFETENSORS, folder, names, own);
  if (named !== undefined) return named;
  const files = filesOf(SAFETENSORS);
  if (files.length > 0) return { format: "safetensors", files };

  const pytorch = namedChoice(PYTORCH, folder, names, own);
  if (pytorch !== undefined) return pytorch;
  const [file, ...others] = filesOf(PYTORCH);
  if (file === undefined)
    throw noWeights(folder, "holds no weights in safetensors or PyTorch files", cureFor(names));
  if (others.length > 0) throw severalSets(folder, "files", [file, ...others]);
  return { format: "pytorch", files: [file] };
}

/** The file, or else the index, that a format has by its name. */
function namedChoice(
  { format, singles, indexSuffix }: FormatNames,
  folder: string,
  names: readonly string[],
  own: readonly string[],
): WeightChoice | undefined {
  const single = singles.find((name) => names.includes(name));
  if (single !== undefined) return { format, files: [single] };
  const indexes = own.filter((name) => name.endsWith(indexSuffix));
  const usual = singles.map((name) => `${name}.index.json`).find((name) => indexes.includes(name));
  const [index, ...others] = usual === undefined ? indexes : [usual];
  if (index !== undefined && others.length > 0) throw severalSets(folder, "indexes", indexes);
  return index === undefined ? undefined : { format, index };
}

/** The same for a model that is a single file. */
export function chooseFile(path: string, name: string): WeightChoice {
  for (const names of [SAFETENSORS, PYTORCH]) {
    const { format } = names;
    if (name.endsWith(names.indexSuffix)) return { format, index: name };
    if (isOf(names, name)) return { format, files: [name] };
  }
  throw noWeights(path, "is neither a safetensors nor a PyTorch file", cureFor([name]));
}

function severalSets(folder: string, what: "indexes" | "files", names: readonly string[]): SourceError {
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  const hint = `Name one of these ${what}, by its path, as the model.`;
  return noWeights(folder, `holds several sets of weights: ${shown}${more}`, hint);
}

function noWeights(where: string, what: string, hint: string): SourceError {
  return new SourceError("SOURCE_NO_WEIGHTS", `${where} ${what}`, { where, hint });
}

function cureFor(names: readonly string[]): string {
  const below = names.find((name) => name.includes("/") && isReadable(name));
  if (below !== undefined)
    return `There are weights one level below, in ${below}: name that folder as the model.`;
  const foreign = names.find((name) => WEIGHT_FILE.test(name) && !isReadable(name));
  if (foreign === undefined) return "Name the folder of a model, or a .safetensors file.";
  return `${foreign} is in another format: convert it to safetensors first (in transformers: save_pretrained).`;
}
