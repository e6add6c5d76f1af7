import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { plan } from "../../src/index.ts";
import { contentOf } from "./server/content.ts";
import type { Content } from "./server/content.ts";
import { useHub } from "./use-hub.ts";

const SHARDS = 30;
/** meta-llama/Llama-3.1-70B: layers, width, width of the MLP, width of keys and values, tokens. */
const [LAYERS, WIDTH, MLP, KEYS, TOKENS] = [80, 8192, 28_672, 1024, 128_256];
/** Of that model's tokenizer.json. */
const TOKENIZER_BYTES = 9_085_657;

function tensorsOf70B(): [name: string, shape: number[]][] {
  const layers = Array.from({ length: LAYERS }, (_, layer): [string, number[]][] => {
    const at = `model.layers.${layer}`;
    return [
      [`${at}.input_layernorm.weight`, [WIDTH]],
      [`${at}.mlp.down_proj.weight`, [WIDTH, MLP]],
      [`${at}.mlp.gate_proj.weight`, [MLP, WIDTH]],
      [`${at}.mlp.up_proj.weight`, [MLP, WIDTH]],
      [`${at}.post_attention_layernorm.weight`, [WIDTH]],
      [`${at}.self_attn.k_proj.weight`, [KEYS, WIDTH]],
      [`${at}.self_attn.o_proj.weight`, [WIDTH, WIDTH]],
      [`${at}.self_attn.q_proj.weight`, [WIDTH, WIDTH]],
      [`${at}.self_attn.v_proj.weight`, [KEYS, WIDTH]],
    ];
  });
  const embedding: [string, number[]] = ["model.embed_tokens.weight", [TOKENS, WIDTH]];
  return [embedding, ...layers.flat(), ["model.norm.weight", [WIDTH]], ["lm_head.weight", [TOKENS, WIDTH]]];
}

/** A shard of which only the header is there; what follows reads as zeros. */
function shard(tensors: readonly [string, number[]][], seed: string): Content {
  let end = 0;
  const entries = tensors.map(([name, shape]) => {
    const begin = end;
    end += 2 * shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: "BF16", shape, data_offsets: [begin, end] }];
  });
  const json = Buffer.from(
    JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const header = Buffer.concat([length, json]);
  const hash = (algorithm: string) => createHash(algorithm).update(seed).update(header).digest("hex");
  return {
    size: header.length + end,
    sha256: hash("sha256"),
    gitOid: hash("sha1"),
    // eslint-disable-next-line @typescript-eslint/require-await -- the same face as bytes that come late
    async *read(from, to) {
      const piece = Buffer.alloc(to - from);
      header.copy(piece, 0, Math.min(from, header.length), Math.min(to, header.length));
      yield piece;
    },
  };
}

function model70B(seed: string): Record<string, Content | string> {
  const tensors = tensorsOf70B();
  const startOf = (k: number) => Math.floor((k * tensors.length) / SHARDS);
  const weightMap: Record<string, string> = {};
  const files: Record<string, Content | string> = {};
  for (let k = 0; k < SHARDS; k++) {
    const name = `model-${String(k + 1).padStart(5, "0")}-of-${String(SHARDS).padStart(5, "0")}.safetensors`;
    const own = tensors.slice(startOf(k), startOf(k + 1));
    for (const [tensor] of own) weightMap[tensor] = name;
    files[name] = shard(own, seed);
  }
  files["model.safetensors.index.json"] = JSON.stringify({ metadata: {}, weight_map: weightMap });
  files["config.json"] = JSON.stringify({
    architectures: ["LlamaForCausalLM"],
    num_hidden_layers: LAYERS,
    note: seed,
  });
  return files;
}

const RECIPE = "base_model: big/base\nmodels: [{model: big/one}, {model: big/two}]\n";
const vocabulary = { "<s>": 0, a: 1, b: 2 };
const tokenizer = (padding: string) =>
  JSON.stringify({
    version: "1.0",
    added_tokens: [],
    model: { type: "WordLevel", vocab: vocabulary, unk_token: "<s>" },
    padding,
  });

describe("Planning merges of large models on the Hub", () => {
  const used = useHub();

  it("moves less than 10 MB for three models of 70 billion parameters, and no tokenizer that all share", async () => {
    const common = { "tokenizer.json": tokenizer("x".repeat(TOKENIZER_BYTES)) };
    for (const name of ["base", "one", "two"])
      used.hub.commit(`big/${name}`, { ...model70B(name), ...common });
    const settings = await used.settings();
    const { models, output } = await plan({ recipe: { text: RECIPE }, hub: settings });
    assert.equal(output.parameterCount, 70_553_706_496);
    assert.equal(models.length, 3);
    for (const { hub } of models) assert.ok((hub?.byteLength ?? 0) - (hub?.cachedBytes ?? 0) > 141e9);
    const moved = used.hub.traffic.sentBytes();
    assert.ok(moved < 10e6, `${moved} bytes`);
    assert.equal(used.hub.traffic.count("cdn"), 3 * SHARDS, "one request a header");
  });

  it("brings a file once that several models have", async () => {
    const files = {
      ...model70B("small"),
      "tokenizer.json": contentOf(Buffer.from(tokenizer("x".repeat(100_000)))),
    };
    used.hub.reset();
    for (const name of ["base", "one", "two"])
      used.hub.commit(`small/${name}`, { ...files, "tokenizer_config.json": `{"name": "${name}"}` });
    const settings = await used.settings();
    await plan({ recipe: { text: RECIPE.replaceAll("big/", "small/") }, hub: settings });
    assert.ok(used.hub.traffic.sentBytes("tokenizer.json") < 110_000);
    for (const name of ["base", "one", "two"]) {
      const folder = join(settings.cacheFolder, `models--small--${name}`, "snapshots");
      const commit = used.hub.repository(`small/${name}`).resolve("main") ?? "";
      assert.ok((await stat(join(folder, commit, "tokenizer.json"))).size > 100_000);
    }
  });
});
