import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { merge } from "../src/index.ts";
import { readWeights } from "./fixtures/read-safetensors.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";
import { clip, gpt2, llama } from "./fixtures/tiny-architectures.ts";
import { DECODERS } from "./fixtures/tiny-decoders.ts";
import { ENCODERS } from "./fixtures/tiny-encoders.ts";
import { writeTinyFamily } from "./fixtures/tiny-models.ts";
import { PARTS } from "./fixtures/tiny-parts.ts";
import { encodeSafetensors } from "./fixtures/write-safetensors.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const RECIPE = "merge_method: linear\nmodels: [{model: ft1}, {model: ft2}]\nparameters: {weight: 1}\n";

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** What transformers and sentence-transformers read of a repository beside config.json and weights, by what the model is. */
const LOADED: Readonly<Record<string, Files>> = {
  everywhere: {
    LICENSE: "A licence.\n",
    NOTICE: "A notice.\n",
    ".gitattributes": "*.safetensors filter=lfs\n",
  },
  text: {
    "special_tokens_map.json": json({ bos_token: "<s>" }),
    "spiece.model": Uint8Array.of(10, 5, 10, 1, 97),
    "generation_config.json": json({ eos_token_id: 2, temperature: 0.6 }),
    "chat_template.jinja": "{% for message in messages %}{{ message.content }}{% endfor %}",
  },
  pictures: {
    "preprocessor_config.json": json({ do_resize: true, image_mean: [0.5, 0.5, 0.5] }),
    "processor_config.json": json({ processor_class: "AnyProcessor" }),
    "video_preprocessor_config.json": json({ fps: 2 }),
  },
  speech: {
    "preprocessor_config.json": json({ feature_size: 80 }),
    "normalizer.json": json({ colour: "color" }),
  },
  sentences: {
    "modules.json": json([
      { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
      { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
      { idx: 2, name: "2", path: "2_Dense", type: "sentence_transformers.models.Dense" },
    ]),
    "sentence_bert_config.json": json({ max_seq_length: 128 }),
    "config_sentence_transformers.json": json({ similarity_fn_name: "cosine" }),
    "1_Pooling/config.json": json({ pooling_mode_mean_tokens: true }),
    "2_Dense/config.json": json({ in_features: 2, out_features: 1 }),
    "2_Dense/model.safetensors": encodeSafetensors({
      "linear.weight": { dtype: "F32", shape: [1, 2], values: [1, 2] },
    }),
  },
  code: {
    "configuration_own.py": "class OwnConfig: ...\n",
    "modeling_own.py": "class OwnModel: ...\n",
  },
};

/** Every kind of file that a model of this name may have; a loader looks for more of them than any one model has. */
function filesOf(title: string): Files {
  const kinds = ["everywhere", "code"];
  if (/clip|vit|siglip|vision|vl|llava|cnn|resnet/i.test(title)) kinds.push("pictures");
  else if (/whisper/i.test(title)) kinds.push("speech", "text");
  else kinds.push("text");
  if (/bert/i.test(title)) kinds.push("sentences");
  return Object.assign({}, ...kinds.map((kind) => LOADED[kind])) as Files;
}

async function write(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** Follows the references between the files of a repository as loaders do, and gives the names that lead nowhere. */
function deadReferences(folder: string): string[] {
  const read = (name: string) =>
    JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>;
  const has = (name: string) => existsSync(join(folder, name));
  const { auto_map: autoMap = {} } = read("config.json");
  const code = Object.values(autoMap as Record<string, string>).map(
    (name) => `${name.split(".")[0] ?? ""}.py`,
  );
  const index = has("model.safetensors.index.json") ? read("model.safetensors.index.json") : undefined;
  const shards = index === undefined ? ["model.safetensors"] : Object.values(index["weight_map"] as object);
  const list = has("modules.json") ? Object.values(read("modules.json")) : [];
  const modules = (list as { path: string }[]).flatMap(({ path }) =>
    path === "" ? [] : [`${path}/config.json`],
  );
  return [...code, ...shards, ...modules].map(String).filter((name) => !has(name));
}

describe("a merged repository", () => {
  const inFolder = useTemporaryFolder();

  const more = {
    llama: llama(1),
    "llama with a tied head": llama(1, true),
    gpt2: gpt2(1),
    "clip vision": clip(1),
  };
  for (const [title, architecture] of Object.entries({ ...DECODERS, ...ENCODERS, ...PARTS, ...more })) {
    it(`has all that a loader of ${title} reads`, async () => {
      const folder = inFolder(title.replaceAll(" ", "-"));
      const config = {
        ...architecture.config,
        auto_map: { AutoConfig: "configuration_own.OwnConfig", AutoModel: "modeling_own.OwnModel" },
      };
      await writeTinyFamily(folder, {
        architecture: { ...architecture, config },
        fineTunes: 2,
        dtype: "BF16",
      });
      const files = filesOf(title);
      await write(join(folder, "ft1"), files);
      // Of a model that is not the donor nothing is taken.
      await write(join(folder, "ft2"), { ...files, LICENSE: "Another licence.\n", "unwanted.txt": "" });
      const { files: written } = await merge({
        recipe: { text: RECIPE },
        cwd: folder,
        out: "out",
        dtype: "float32",
        maxShardBytes: 8_000,
      });
      const out = join(folder, "out");
      for (const [name, content] of Object.entries(files)) {
        assert.deepEqual(await readFile(join(out, name)), Buffer.from(content), name);
        assert.equal(written.find((file) => file.name === name)?.role, "copied", name);
      }
      assert.deepEqual(deadReferences(out), []);
      assert.deepEqual(JSON.parse(await readFile(join(out, "config.json"), "utf8")), {
        ...config,
        dtype: "float32",
      });
      const merged = readWeights(out);
      assert.deepEqual([...merged.keys()].sort(), architecture.tensors.map(({ name }) => name).sort());
      const own = ["README.md", "config.json", "mergekit_config.yml", "stockpot.lock.json"];
      const expected = [...own, "tokenizer_config.json", "generation_config.json", ...Object.keys(files)];
      const present = (await readdir(out, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(out.length + 1)
            .replaceAll("\\", "/"),
        );
      const rest = present.filter(
        (name) => !/^model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?$/.test(name),
      );
      assert.deepEqual(rest.sort(), [...new Set(expected)].sort());
    });
  }
});
