/**
 * Every failure that Stockpot reports has a code from this one table. A code belongs to a stage, and the stage fixes
 * the exit status of the command line.
 */
export const EXIT_STATUS = {
  internal: 1,
  usage: 2,
  recipe: 3,
  source: 4,
  format: 5,
  plan: 6,
  engine: 7,
  sink: 8,
  evaluate: 9,
  verify: 10,
  interrupted: 130,
} as const;

export type Stage = keyof typeof EXIT_STATUS;

interface CodeEntry {
  readonly stage: Stage;
  /** One sentence for docs/errors.md: what it means. */
  readonly text: string;
}

const codes = <S extends Stage, T extends Record<string, string>>(stage: S, table: T) =>
  Object.fromEntries(Object.entries(table).map(([code, text]) => [code, { stage, text }])) as unknown as {
    readonly [K in keyof T]: CodeEntry;
  };

export const CODES = {
  ...codes("internal", {
    INTERNAL: "A defect in Stockpot: please report it with the output of --debug.",
  }),
  ...codes("usage", {
    USAGE: "The command line or an option of the API could not be understood.",
  }),
  ...codes("recipe", {
    RECIPE_NOT_FOUND: "The recipe file does not exist or cannot be read.",
    RECIPE_SYNTAX: "The recipe is not valid YAML.",
    RECIPE_LIMIT:
      "The recipe is larger, deeper or longer than any real recipe; the limit and its reason are named.",
    RECIPE_UNKNOWN_KEY: "A key is not part of the recipe language.",
    RECIPE_UNKNOWN_METHOD: "The merge method does not exist.",
    RECIPE_UNKNOWN_PARAMETER: "A parameter is not one of this merge method.",
    RECIPE_MISSING_KEY: "A required key is absent.",
    RECIPE_MISSING_PARAMETER: "A required parameter of the merge method is absent.",
    RECIPE_WRONG_TYPE: "A value has the wrong type.",
    RECIPE_OUT_OF_RANGE: "A value is outside the allowed range or set.",
    RECIPE_MISPLACED_PARAMETER: "A parameter stands where it has no effect.",
    RECIPE_MODEL_REFERENCE: "A model reference could not be understood.",
    RECIPE_CODE: "The recipe names code of the user's own, and running it has not been allowed.",
    RECIPE_METHOD_MODULE:
      "A module of merge methods cannot be loaded, or what it exports is no merge method.",
    RECIPE_DUPLICATE_KEY: "A key stands twice in the same mapping.",
    RECIPE_DUPLICATE_MODEL: "The same model is listed twice.",
    RECIPE_MODEL_COUNT: "The merge method needs more or fewer models, or a base model.",
    RECIPE_CONFLICT: "Two keys of the recipe exclude each other.",
    RECIPE_DOCUMENTS:
      "The recipes of one file do not fit together: a name twice, two outputs, results that need each other.",
    RECIPE_UNSUPPORTED: "The recipe uses a part of the language that this version does not run.",
  }),
  ...codes("source", {
    SOURCE_NOT_FOUND: "A model's folder does not exist.",
    SOURCE_ADAPTER: "A LoRA adapter is of a kind that is not applied, or does not fit its model.",
    SOURCE_NO_WEIGHTS:
      "A model's folder holds no weights in safetensors or PyTorch files, or several sets of which none is the model's.",
    SOURCE_UNREADABLE: "A model's file cannot be read.",
    SOURCE_CONFIG:
      "A model's config.json, or another of its JSON files, is not valid JSON, or leads out of its folder.",
    SOURCE_LEFT_OUT:
      "A small file of a model is not carried into the output: it is a link that leads out of the model's folder, or too large.",
    SOURCE_REVISION: "A revision is given for a model on this machine, where it has no effect.",
    SOURCE_NO_TOKENIZER: "A model has no tokenizer file that can be read.",
    SOURCE_TOO_MANY_FILES: "A model's folder holds more small files than any model has.",
    SOURCE_DIGEST: "A file's content is not what its name in a cache says.",
    SOURCE_CHANGED: "An input file changed or shrank while it was being read.",
    HUB_NOT_FOUND: "There is no such model on the Hub, or it is private.",
    HUB_ACCESS: "The Hub refuses access: the model is gated or private, or the token is not valid.",
    HUB_REVISION: "A model of the Hub has no such branch, tag or commit.",
    HUB_UNREACHABLE: "The Hub cannot be reached, or failed too often in a row.",
    HUB_OFFLINE: "Something is not in the cache, and the network must not be asked.",
    HUB_ANSWER: "The Hub gave an answer that its API does not have.",
    HUB_CHECKSUM: "A downloaded file is not the one that the Hub lists; it was removed.",
    HUB_CHANGED: "A file on the Hub changed while it was downloaded.",
    HUB_FILE_NAME:
      "A repository has a file whose name could leave the cache, or that not every system can store.",
    HUB_NO_FILES: "No file of a repository is meant by the patterns.",
    HUB_CACHE: "The cache of models from the Hub cannot be written, or leads out of its folder.",
    HUB_PUSH: "The Hub did not take what was pushed to it.",
    HUB_DISK_SPACE: "A download does not fit the free space of the cache's file system.",
  }),
  ...codes("format", {
    FORMAT_TRUNCATED: "A weight file is empty, cut short, or shorter than its own header or directory says.",
    FORMAT_HEADER_LENGTH:
      "The header length of a safetensors file is impossible or above the format's limit.",
    FORMAT_HEADER_JSON: "The header of a safetensors file is not the JSON that the format asks for.",
    FORMAT_DUPLICATE_NAME:
      "A safetensors header, or two files of a model without an index, name the same tensor.",
    FORMAT_DTYPE: "A tensor has a dtype that safetensors does not know.",
    FORMAT_SHAPE:
      "A shape is not a list of non-negative integers, or has more elements than any file can hold.",
    FORMAT_OFFSETS: "Data offsets overlap, leave a hole, run backwards or lie outside the file.",
    FORMAT_SIZE: "A tensor's byte length differs from dtype times shape.",
    FORMAT_METADATA: "__metadata__ is not a map of strings.",
    FORMAT_INDEX_JSON: "A shard index is not the JSON that the format asks for.",
    FORMAT_INDEX_PATH: "A shard index points outside its folder.",
    FORMAT_INDEX_SHARD: "A shard that the index names is missing.",
    FORMAT_INDEX_MISMATCH: "The shard index and the shards disagree about a tensor.",
    FORMAT_TOKENIZER: "A tokenizer file is not what its format asks for, or larger than any vocabulary.",
    FORMAT_CHECKPOINT:
      "A file is not a checkpoint that torch.save of torch 1.6 or later wrote, or one for big-endian machines.",
    FORMAT_ZIP:
      "The zip directory of a PyTorch checkpoint is damaged, or its entries are missing, overlap, stand twice or lie outside the file.",
    FORMAT_ZIP_COMPRESSED:
      "An entry of a PyTorch checkpoint is compressed or encrypted, so its tensors cannot be read in place.",
    FORMAT_PICKLE: "The pickle of a PyTorch checkpoint is damaged or is not what torch.save writes.",
    FORMAT_PICKLE_GLOBAL:
      "The pickle of a PyTorch checkpoint names a Python class or function that is no part of plain tensors.",
    FORMAT_PICKLE_LIMIT:
      "The pickle of a PyTorch checkpoint is larger than any real one; the limit and its reason are named.",
    FORMAT_STATE_DICT:
      "A PyTorch checkpoint holds no mapping from names to tensors, or several of which none is the model's.",
  }),
  ...codes("plan", {
    PLAN_MISSING_TENSOR: "A model lacks a tensor that the merge needs.",
    PLAN_EXTRA_TENSOR: "A model has a tensor that the output will not have.",
    PLAN_SHAPE: "A tensor's shape differs between the models.",
    PLAN_DTYPE: "A tensor's dtype cannot be merged or converted.",
    PLAN_LAYER_COUNT: "The models have different numbers of layers.",
    PLAN_LAYER_RANGE: "A layer range lies outside a model, or ranges that belong together differ in length.",
    PLAN_NO_MATCH: "A filter or an override matches no tensor.",
    PLAN_MODEL_COUNT: "Too few or too many inputs for the merge method at a tensor.",
    PLAN_PARAMETER: "A parameter's value is not allowed at a tensor.",
    PLAN_ARCHITECTURE: "The models have different architectures.",
    PLAN_MODULE: "A module of the recipe is no part of the models, or a part of the models is in no module.",
    PLAN_NO_LAYERS: "Something is asked per layer, but no tensor name has a layer number.",
    PLAN_DISK_SPACE: "The output does not fit the free space of its file system.",
    PLAN_COPIED: "A tensor is copied from one model rather than merged.",
    PLAN_TOKENIZER: "The tokenizers of the models cannot be brought together as the recipe asks.",
    PLAN_VOCABULARY: "The models' vocabularies differ, and the recipe does not say how to align them.",
    PLAN_CHAT_TEMPLATE: "The chat template is neither a built-in name nor a template.",
    PLAN_RENAMED:
      "A model names its tensors with another beginning than the base; they are matched without it.",
    PLAN_STATISTICS: "Running statistics of batch normalisation are averaged and should be computed anew.",
    PLAN_TRUNCATED: "Rows of an embedding are cut off, as --unsafe-truncate-embeddings asks.",
    PLAN_TIED: "A weight is tied to another one and stored once.",
  }),
  ...codes("engine", {
    ENGINE_NON_FINITE: "An input or a result holds NaN or infinity.",
    ENGINE_WORKER: "A worker thread failed.",
    ENGINE_METHOD: "A merge method of the user's own failed, or returned what no result can be made of.",
    ENGINE_MEMORY: "A worker could not get the memory for its tiles.",
    ENGINE_ROW: "A row has too many elements for their magnitudes to be ranked.",
    ENGINE_NO_SIMD: "This JavaScript engine lacks WebAssembly SIMD.",
  }),
  ...codes("sink", {
    SINK_EXISTS: "The output folder is not empty.",
    SINK_IS_INPUT: "The output folder is, or contains, one of the inputs.",
    SINK_DISK_FULL: "The disk is full.",
    SINK_UNWRITABLE: "The output cannot be written.",
    SINK_NAME: "The name of a file would lead out of the output folder.",
  }),
  ...codes("evaluate", {
    EVALUATE_NO_BACKEND: "TensorFlow.js is not installed, or none of its backends works here.",
    EVALUATE_UNSUPPORTED: "The model's architecture is not one that Stockpot can run.",
    EVALUATE_MODEL:
      "The model lacks a tensor or a setting that its architecture has, or has it in another shape.",
    EVALUATE_DATA: "The data are not there, cannot be read, or do not suit the model.",
    EVALUATE_RESULTS: "A file of results measured elsewhere is not there or cannot be understood.",
    EVALUATE_SPLIT: "The recipe names a split, a baseline or a variant to keep that is not there.",
    EVALUATE_HEAD: "The zero-shot head is not a matrix of text embeddings that suits the model.",
    EVALUATE_COMMAND:
      "The program that evaluates could not be started, failed, took too long, or printed no such numbers.",
  }),
  ...codes("verify", {
    VERIFY_NO_LOCK: "The folder has no stockpot.lock.json.",
    VERIFY_LOCK: "stockpot.lock.json is not what its format asks for.",
    VERIFY_MISSING: "A file of the output is missing.",
    VERIFY_DIGEST: "A file of the output has another length or content than the merge wrote.",
    VERIFY_EXTRA: "The output folder holds weights that the merge did not write.",
    VERIFY_TENSORS: "The weights have not the tensors, dtypes, shapes or places that the plan says.",
    VERIFY_PLAN: "Recipe and inputs as they are now give another plan than the merge followed.",
    VERIFY_INPUT: "An input is not what the merge read.",
    VERIFY_NOT_PLANNED: "The recipe could not be planned again, so tensors were not compared with the plan.",
  }),
  ...codes("interrupted", {
    INTERRUPTED: "The run was stopped; its temporary files were removed, downloads are kept.",
  }),
} as const;

export type ErrorCode = keyof typeof CODES;
