import { conforms, faultOf } from "../forms/check.ts";
import { constant, count, flag, list, matching, object, oneOf, optional, text } from "../forms/forms.ts";
import type { TypeOf } from "../forms/forms.ts";
import { whyOutside } from "../safetensors/file-name.ts";
import type { JsonObject } from "../sources/types.ts";

export const LOCK_NAME = "stockpot.lock.json";
/** Ten models of two hundred files each take 0.5 MB. */
export const MAX_LOCK_BYTES = 16 * 2 ** 20;

const digest = (of: string) => matching(`SHA-256 of ${of}, in lower-case hex.`, /^[0-9a-f]{64}$/);

const lockedFile = object("A file that the merge read.", {
  name: text("Name within the model's folder, with slashes."),
  byteLength: count("Its length in bytes."),
  sha256: optional(
    digest("the whole file: of small files always, of large ones where it was known or asked for"),
  ),
  headerSha256: optional(digest("the header of a large safetensors file, its first eight bytes included")),
  oid: optional(text("Name of the file's content in its repository, where that is no SHA-256.")),
});

const lockedAdapter = object("The LoRA adapter in the model.", {
  reference: text("The adapter as the recipe names it, after the model and a plus sign."),
  repo: optional(text("The repository of the Hub that it comes from.")),
  revision: optional(text("The commit of that repository.")),
});

const lockedInput = object("A model that the merge read.", {
  reference: text("The model as the recipe names it."),
  role: oneOf("Whether it is the base of the output or of a merge before it.", ["base", "model"]),
  repo: optional(text("The repository of the Hub that it comes from.")),
  revision: optional(text("The commit of that repository.")),
  adapter: optional(lockedAdapter),
  files: list(
    "Weights first, then config.json and the other small files, then what belongs to the adapter.",
    lockedFile,
  ),
});

const lockedOutput = object("A file that the merge wrote.", {
  name: text("Name within the output folder, with slashes."),
  byteLength: count("Its length in bytes."),
  role: oneOf("What it is.", ["weights", "index", "config", "tokenizer", "copied", "made"]),
  sha256: digest("the whole file"),
});

const lockedRecipe = object("The recipe.", {
  file: optional(text("Name of its copy in the output folder, if there is one.")),
  source: text("Its file as the merge was told; a name alone for an absolute path."),
  sha256: digest("its copy"),
});

const lockedModule = object("Code of the user's own that the merge ran.", {
  path: text("Path of the module as the recipe names it."),
  sha256: digest("the module, without what it imports"),
});

const lockedOptions = object("What else the plan was made from.", {
  maxShardBytes: count("Most bytes of tensors in one output file; 0 for one file of any size."),
  dtype: optional(text("Dtype of the output, above the recipe's.")),
  seed: optional(count("Seed of the random methods, above the recipe's.")),
  lenient: optional(flag("Unknown keys of the recipe were let pass.")),
  tensorSet: optional(oneOf("Tensors that all models have, or that any has.", ["intersection", "union"])),
  truncateEmbeddings: optional(flag("Embeddings of several lengths were cut to the shortest.")),
});

const lockedPlan = object(
  "The plan; absent for a result on the way, which is planned within another recipe.",
  {
    sha256: digest("the plan's tensors, shards and edits of the config, as JSON"),
    options: lockedOptions,
  },
);

const lockFile = object("What a merge read and wrote: stockpot.lock.json beside its output.", {
  version: constant("Version of this shape.", 1),
  stockpot: text("Version of Stockpot that wrote the output."),
  recipe: lockedRecipe,
  plan: optional(lockedPlan),
  modules: optional(list("Modules of merge methods; absent without any.", lockedModule)),
  inputs: list("In the order of the plan; the models of all recipes of the file.", lockedInput),
  files: list("All but the model card, which is there to be edited, and this file.", lockedOutput),
});

export type LockedFile = TypeOf<typeof lockedFile>;
export type LockedInput = TypeOf<typeof lockedInput>;
export type LockedOutput = TypeOf<typeof lockedOutput>;
export type LockedOptions = TypeOf<typeof lockedOptions>;
export type LockFile = TypeOf<typeof lockFile>;

/** The JSON schema of stockpot.lock.json, draft 7. */
export function lockSchema(): JsonObject {
  return { $schema: "http://json-schema.org/draft-07/schema#", title: LOCK_NAME, ...lockFile.schema };
}

export const renderLock = (lock: LockFile): string => `${JSON.stringify(lock, null, 2)}\n`;

/** The lock file, or a sentence on what is wrong with it. No name in it leads out of the output folder. */
export function parseLock(json: string): LockFile | string {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!conforms(lockFile, document)) return faultOf(lockFile, document) ?? "";
  const names = [...document.files.map(({ name }) => name), document.recipe.file ?? "recipe"];
  const reasons = names.map((name) => [name, whyOutside(name)] as const);
  const outside = reasons.find(([, reason]) => reason !== undefined);
  return outside === undefined ? document : `the name ${JSON.stringify(outside[0])} ${outside[1] ?? ""}`;
}
