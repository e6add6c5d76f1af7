import { encodeSafetensors } from "../fixtures/write-safetensors.ts";

/** A model folder that is damaged or hostile. */
export interface FolderAttack {
  readonly title: string;
  /** Content by path; null makes a folder. */
  readonly files: Readonly<Record<string, string | Uint8Array | null>>;
  readonly code: string;
  /** What the message or its hint must name. */
  readonly names: readonly string[];
}

export const weights = (...names: string[]): Uint8Array =>
  encodeSafetensors(
    Object.fromEntries(names.map((name) => [name, { dtype: "U8", shape: [1], values: [1] }])),
  );

const INDEX = "model.safetensors.index.json";

const indexed = (weightMap: Record<string, string>, files: FolderAttack["files"] = {}) => ({
  [INDEX]: JSON.stringify({ metadata: {}, weight_map: weightMap }),
  "model-1.safetensors": weights("a"),
  ...files,
});

const outside = (title: string, shard: string): FolderAttack => ({
  title,
  files: indexed({ a: "model-1.safetensors", b: shard }),
  code: "FORMAT_INDEX_PATH",
  names: [INDEX, JSON.stringify(shard)],
});

const badIndex = (title: string, text: string): FolderAttack => ({
  title,
  files: { [INDEX]: text, "model-1.safetensors": weights("a") },
  code: "FORMAT_INDEX_JSON",
  names: [INDEX],
});

const disagreement = (
  title: string,
  weightMap: Record<string, string>,
  ...names: string[]
): FolderAttack => ({
  title,
  files: indexed(weightMap, {
    "model-1.safetensors": weights("a", "b"),
    "model-2.safetensors": weights("c"),
  }),
  code: "FORMAT_INDEX_MISMATCH",
  names: [INDEX, ...names],
});

const badConfig = (title: string, text: string, place: string): FolderAttack => ({
  title,
  files: { "model.safetensors": weights("a"), "config.json": text },
  code: "SOURCE_CONFIG",
  names: [place],
});

export const FOLDER_ATTACKS: readonly FolderAttack[] = [
  outside("an index that points to the parent folder", "../secret.safetensors"),
  outside("an index that leaves the folder midway", "sub/../../secret.safetensors"),
  outside("an index with an absolute path", "/etc/passwd"),
  outside("an index with a drive letter", "C:/secret.safetensors"),
  outside("an index with a path as Windows has it", "..\\secret.safetensors"),
  outside("an index with a zero byte in a name", "model-1.safetensors\0.txt"),
  outside("an index with an empty name", ""),
  badIndex("an empty index", ""),
  badIndex("an index that is cut off", '{"weight_map":{"a":"model-1'),
  badIndex("an index without a weight map", '{"metadata":{}}'),
  badIndex("an index with a weight map that is a list", '{"weight_map":["model-1.safetensors"]}'),
  badIndex("an index with a shard that is a number", '{"weight_map":{"a":1}}'),
  badIndex(
    "an index that names a tensor twice",
    '{"weight_map":{"a":"model-1.safetensors","a":"model-1.safetensors"}}',
  ),
  badIndex("an index nested a million levels deep", `{"x":${"[".repeat(1e6)}`),
  {
    title: "an index with a missing shard",
    files: indexed({ a: "model-1.safetensors", b: "model-2.safetensors" }),
    code: "FORMAT_INDEX_SHARD",
    names: [INDEX, "model-2.safetensors"],
  },
  disagreement(
    "a tensor that is not in its shard",
    {
      a: "model-1.safetensors",
      b: "model-1.safetensors",
      c: "model-2.safetensors",
      d: "model-2.safetensors",
    },
    '"d"',
    "model-2.safetensors",
  ),
  disagreement(
    "a tensor that the index does not name",
    { a: "model-1.safetensors", c: "model-2.safetensors" },
    '"b"',
    "model-1.safetensors",
  ),
  {
    title: "a truncated shard",
    files: indexed({ a: "model-1.safetensors" }, { "model-1.safetensors": weights("a").subarray(0, -1) }),
    code: "FORMAT_TRUNCATED",
    names: ["model-1.safetensors", '"a"'],
  },
  {
    title: "a folder in the place of a shard",
    files: indexed({ a: "model-1.safetensors" }, { "model-1.safetensors": null }),
    code: "SOURCE_UNREADABLE",
    names: ["model-1.safetensors", "not a regular file"],
  },
  {
    title: "an empty folder",
    files: { ".": null },
    code: "SOURCE_NO_WEIGHTS",
    names: ["no weights"],
  },
  {
    title: "a folder of weights in another format",
    files: { "config.json": "{}", "model.gguf": "x" },
    code: "SOURCE_NO_WEIGHTS",
    names: ["model.gguf", "convert"],
  },
  {
    title: "a folder of several PyTorch checkpoints",
    files: { "a.pt": "x", "b.pt": "x", "training_args.bin": "x" },
    code: "SOURCE_NO_WEIGHTS",
    names: ["several sets of weights: a.pt, b.pt", "by its path"],
  },
  {
    title: "a text in the place of a PyTorch checkpoint",
    files: { "config.json": "{}", "pytorch_model.bin": "x" },
    code: "FORMAT_CHECKPOINT",
    names: ["pytorch_model.bin", "convert"],
  },
  {
    title: "an index of PyTorch shards that leaves its folder",
    files: { "pytorch_model.bin.index.json": '{"weight_map":{"a":"../x.bin"}}' },
    code: "FORMAT_INDEX_PATH",
    names: ["../x.bin"],
  },
  {
    title: "an index of PyTorch shards of which one is missing",
    files: { "pytorch_model.bin.index.json": '{"weight_map":{"a":"x.bin"}}' },
    code: "FORMAT_INDEX_SHARD",
    names: ["x.bin"],
  },
  {
    title: "a folder with the model one level below",
    files: { "unet/model.safetensors": weights("a") },
    code: "SOURCE_NO_WEIGHTS",
    names: ["unet/model.safetensors"],
  },
  {
    title: "two indexes of which none is the model's",
    files: { "a.safetensors.index.json": "{}", "b.safetensors.index.json": "{}" },
    code: "SOURCE_NO_WEIGHTS",
    names: ["a.safetensors.index.json", "b.safetensors.index.json"],
  },
  {
    title: "two files with the same tensor and no index",
    files: { "fp16.safetensors": weights("a", "b"), "fp32.safetensors": weights("b") },
    code: "FORMAT_DUPLICATE_NAME",
    names: ["fp16.safetensors", "fp32.safetensors", '"b"'],
  },
  badConfig("a config with a trailing comma", '{\n  "a": 1,\n}', "config.json:3:1"),
  badConfig("an empty config", "", "config.json:1:1"),
  badConfig("a config that is a list", "[]", "config.json"),
  badConfig("a config nested a million levels deep", `{"a":${"[".repeat(1e6)}`, "config.json:1:"),
  {
    title: "a config larger than any",
    files: { "model.safetensors": weights("a"), "config.json": `{"a":"${"x".repeat(5e6)}"}` },
    code: "SOURCE_UNREADABLE",
    names: ["config.json"],
  },
  {
    title: "a folder of a thousand logs",
    files: {
      "model.safetensors": weights("a"),
      ...Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`runs/${i}.log`, ""])),
    },
    code: "SOURCE_TOO_MANY_FILES",
    names: ["1001"],
  },
];
