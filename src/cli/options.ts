import { InvalidArgumentError } from "commander";
import { BACKEND_NAMES, MAX_BATCH, RECIPE_DTYPE_NAMES } from "../index.ts";
import type { BackendName } from "../index.ts";
import { MERGEKIT_OPTIONS } from "./mergekit-options.ts";
import { parseList, parseText, parseWorkers } from "./option-row.ts";
import type { OptionRow } from "./option-row.ts";
import { parseSize, SIZE_FORMS } from "./size.ts";

function parseBytes(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError(`Expected ${SIZE_FORMS}.`);
  return bytes;
}

/** As in mergekit, zero and less mean one file of any size. */
const parseShardSize = (text: string) => (/^(?:0|-\d+)$/.test(text) ? 0 : parseBytes(text));

function parseBatch(text: string): number {
  const batch = Number(text);
  if (/^\d+$/.test(text) && batch >= 1 && batch <= MAX_BATCH) return batch;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_BATCH}.`);
}

function parseBackend(text: string): BackendName {
  const name = BACKEND_NAMES.find((each) => each === text);
  if (name !== undefined) return name;
  throw new InvalidArgumentError(`Expected one of ${BACKEND_NAMES.join(", ")}.`);
}

function parseDtype(text: string): string {
  if (!RECIPE_DTYPE_NAMES.includes(text)) {
    throw new InvalidArgumentError(`Expected one of ${RECIPE_DTYPE_NAMES.join(", ")}.`);
  }
  return text;
}

/** Every flag of every command, by the name under which its value arrives. */
const OPTIONS = {
  workers: {
    flags: "--workers <n>",
    doc: "Worker threads; unless given, as many as there are cores and the merge can use. Any number writes the same bytes.",
    parse: parseWorkers,
  },
  tileBytes: {
    flags: "--tile-bytes <size>",
    doc: "Bytes of one tensor that a worker holds at a time, by which memory grows. Any size writes the same bytes.",
    parse: parseBytes,
  },
  outShardSize: {
    flags: "--out-shard-size <size>",
    doc: "Most bytes of tensors in one output file: 5GB (the default), 500MB, 2GiB, 0 for a single file; 5B is mergekit's way to write 5GB.",
    parse: parseShardSize,
  },
  dtype: {
    flags: "--dtype <name>",
    doc: `Dtype of the output, instead of the recipe's: ${RECIPE_DTYPE_NAMES.join(", ")}.`,
    parse: parseDtype,
  },
  explain: {
    flags: "--explain <tensor>",
    doc: "Show which line of the recipe gave a tensor its method, inputs and parameters. TENSOR is a name, a part of one, or a pattern with * and ?.",
    parse: parseText,
  },
  keepIntermediate: {
    flags: "-I, --keep-intermediate <dir>",
    doc: "Keep the results of a file's named recipes, each in DIR/name; else they are computed while they are read, or made beside OUT and removed. OUT may be left out if all have names.",
    parse: parseText,
  },
  locked: {
    flags: "--locked <lock>",
    doc: "Take models of the Hub at the commits of LOCK, a stockpot.lock.json or the output folder that has one, and refuse another recipe, other options or other input files than it has.",
    parse: parseText,
  },
  store: {
    flags: "--no-store",
    doc: "Merge straight from the Hub without keeping the weights, for disks smaller than the models; they move again with each merge.",
  },
  offline: {
    flags: "--offline",
    doc: "Ask nothing of the network: models of the Hub come from the cache alone, as with HF_HUB_OFFLINE=1.",
  },
  include: {
    flags: "--include <glob>",
    doc: "Bring the files that this pattern means, instead of what a merge needs; may be given several times.",
    parse: parseList,
  },
  exclude: {
    flags: "--exclude <glob>",
    doc: "Leave out the files that this pattern means; may be given several times.",
    parse: parseList,
  },
  private: {
    flags: "--private",
    doc: "Make the repository private; refuse one that is there and public.",
  },
  branch: {
    flags: "--branch <name>",
    doc: "Push to this branch instead of main; made if it is not there.",
    parse: parseText,
  },
  pr: {
    flags: "--pr",
    doc: "Open a pull request instead of changing the repository.",
  },
  yes: {
    flags: "--yes",
    doc: "Remove without asking.",
  },
  force: {
    flags: "--force",
    doc: "Write into OUT even if it is not empty: weights in it are removed, other files of the same names replaced.",
  },
  allowCode: {
    flags: "--allow-code",
    doc: "Run what the recipe names: modules under methods, the program under evaluate. It can do all that you can.",
  },
  lock: {
    flags: "--no-lock",
    doc: "Write no stockpot.lock.json; spares the time for the digests in it.",
  },
  hashInputs: {
    flags: "--hash-inputs",
    doc: "Read all weights of the inputs once more, for their SHA-256 in stockpot.lock.json.",
  },
  lenient: {
    flags: "--lenient",
    doc: "Warn about unknown keys and parameters of the recipe instead of refusing them.",
  },
  allowNonFinite: {
    flags: "--allow-non-finite",
    doc: "Write the output even if it holds NaN or infinity.",
  },
  data: {
    flags: "--data <dir>",
    doc: "Folder of labelled data.",
    parse: parseText,
  },
  split: {
    flags: "--split <name...>",
    doc: "Splits of it; unless given, all but the training set. May be repeated.",
    parse: (text: string, before: readonly string[] = []) => [...before, text],
  },
  batch: {
    flags: "--batch <n>",
    doc: "Examples in one forward pass, 32 unless given: memory grows with it.",
    parse: parseBatch,
  },
  head: {
    flags: "--head <file>",
    doc: "Zero-shot head of a CLIP model without a classifier: a safetensors file with text embeddings, one row a class.",
    parse: parseText,
  },
  backend: {
    flags: "--backend <name>",
    doc: `What computes: ${BACKEND_NAMES.join(", ")}. Unless given, the first of them that is installed and works.`,
    parse: parseBackend,
  },
  recipe: {
    flags: "--recipe <file>",
    doc: "Take what to evaluate on from a recipe's evaluate section.",
    parse: parseText,
  },
  json: {
    flags: "--json",
    doc: "Print one JSON document on standard output, and everything else on standard error.",
  },
  quiet: {
    flags: "--quiet",
    doc: "Print nothing but warnings and errors.",
  },
  debug: {
    flags: "--debug",
    doc: "Add the stack trace to an error.",
  },
  color: {
    flags: "--no-color",
    doc: "Print without colours; NO_COLOR=1 in the environment does the same, FORCE_COLOR=1 the opposite.",
  },
  ...MERGEKIT_OPTIONS,
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof OPTIONS;

/** What a flag means for one command, where the usual text says something else. */
export type OptionDocs = Readonly<Partial<Record<OptionName, string>>>;

/** A flag as one command has it. */
export function optionRow(name: OptionName, docs: OptionDocs = {}): OptionRow {
  const [row, doc]: [OptionRow, string | undefined] = [OPTIONS[name], docs[name]];
  return doc === undefined ? row : { ...row, doc };
}

/** Values as the command line gave them; a flag that was not given is absent (`color` and `lock` are then true). */
export type OptionValues = {
  readonly [K in OptionName]?: (typeof OPTIONS)[K] extends { parse: (text: string) => infer V } ? V : boolean;
};

/** Flags that every command has. */
export const COMMON_OPTIONS = ["debug", "color"] as const satisfies readonly OptionName[];

/** Flags of the commands that read a recipe and plan its merge. */
export const PLAN_OPTIONS = [
  "offline",
  "locked",
  "outShardSize",
  "dtype",
  "lenient",
  "allowCode",
  "randomSeed",
  "unsafeTruncateEmbeddings",
  "tensorIntersection",
  "tensorUnion",
] as const satisfies readonly OptionName[];

/** Flags of mergekit's programs. */
export const MERGEKIT_OPTION_NAMES = Object.keys(
  MERGEKIT_OPTIONS,
) as readonly (keyof typeof MERGEKIT_OPTIONS)[];
