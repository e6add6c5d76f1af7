import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { TensorKind } from "../../src/tensor/names.ts";
import { isLanguageHead, isTokenEmbedding, layerOf, tensorKind, withLayer } from "../../src/tensor/names.ts";

const LAYERS: readonly (readonly [string, string, number, string])[] = [
  ["model.layers.12.self_attn.q_proj.weight", "model.layers", 12, "self_attn.q_proj.weight"],
  ["h.3.attn.c_attn.weight", "h", 3, "attn.c_attn.weight"],
  ["transformer.h.0.ln_1.bias", "transformer.h", 0, "ln_1.bias"],
  ["encoder.layer.5.output.dense.weight", "encoder.layer", 5, "output.dense.weight"],
  [
    "vision_model.encoder.layers.0.layer_norm1.weight",
    "vision_model.encoder.layers",
    0,
    "layer_norm1.weight",
  ],
  [
    "decoder.block.7.layer.1.EncDecAttention.k.weight",
    "decoder.block",
    7,
    "layer.1.EncDecAttention.k.weight",
  ],
  [
    "model.layers.2.block_sparse_moe.experts.6.w1.weight",
    "model.layers",
    2,
    "block_sparse_moe.experts.6.w1.weight",
  ],
  ["0.auto_model.encoder.layer.4.x", "0.auto_model.encoder.layer", 4, "x"],
  ["blocks.7", "blocks", 7, ""],
];

const KINDS: Readonly<Record<TensorKind, readonly (readonly [string, ...number[]])[]>> = {
  attention: [
    ["vision_model.encoder.layers.0.self_attn.out_proj.weight", 64, 64],
    ["model.layers.0.self_attn.qkv_proj.weight", 9216, 3072],
    ["h.0.attn.c_proj.weight", 768, 768],
    ["bert.encoder.layer.0.attention.output.dense.weight", 768, 768],
    ["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 32, 8],
    ["model.decoder.layers.1.encoder_attn.k_proj.weight", 384, 384],
    ["blocks.3.attn.qkv.weight", 576, 192],
    ["transformer.blocks.0.attn.Wqkv.weight", 12288, 4096],
    ["visual.transformer.resblocks.0.attn.in_proj_weight", 2304, 768],
  ],
  mlp: [
    ["vision_model.encoder.layers.3.mlp.fc2.weight", 64, 256],
    ["model.layers.0.mlp.gate_up_proj.weight", 16384, 3072],
    ["h.0.mlp.c_fc.weight", 768, 3072],
    ["roberta.encoder.layer.0.intermediate.dense.weight", 3072, 768],
    ["bert.encoder.layer.0.output.dense.weight", 768, 3072],
    ["decoder.block.0.layer.2.DenseReluDense.wi.weight", 2048, 512],
    ["model.decoder.layers.0.fc1.weight", 1536, 384],
    ["model.layers.0.block_sparse_moe.gate.weight", 8, 4096],
    ["model.layers.0.block_sparse_moe.experts.7.w2.weight", 4096, 14336],
  ],
  norm: [
    ["vision_model.pre_layrnorm.bias", 64],
    ["vision_model.post_layernorm.weight", 64],
    ["vision_model.encoder.layers.0.layer_norm2.bias", 64],
    ["model.norm.weight", 2048],
    ["model.layers.0.pre_feedforward_layernorm.weight", 2304],
    ["model.layers.0.self_attn.q_norm.weight", 128],
    ["h.0.ln_1.bias", 768],
    ["ln_f.weight", 768],
    ["bert.embeddings.LayerNorm.weight", 768],
    ["lm_head.layer_norm.bias", 768],
    ["encoder.final_layer_norm.weight", 512],
  ],
  bias: [
    ["vision_model.encoder.layers.0.self_attn.q_proj.bias", 64],
    ["vision_model.encoder.layers.0.mlp.fc1.bias", 256],
    ["model.layers.0.mlp.experts.gate_up_proj_bias", 32, 5760],
    ["h.0.attn.c_attn.bias", 2304],
    ["model.encoder.conv1.bias", 384],
  ],
  embedding: [
    ["vision_model.embeddings.class_embedding", 64],
    ["vision_model.embeddings.patch_embedding.weight", 64, 1, 7, 7],
    ["model.embed_tokens.weight", 32000, 2048],
    ["transformer.wte.weight", 50257, 768],
    ["wpe.weight", 1024, 768],
    ["shared.weight", 32128, 512],
    ["vit.embeddings.cls_token", 1, 1, 768],
    ["model.decoder.embed_positions.weight", 448, 384],
  ],
  head: [
    ["classifier.weight", 36, 64],
    ["classifier.bias", 36],
    ["lm_head.weight", 32000, 2048],
    ["lm_head.dense.weight", 768, 768],
    ["cls.predictions.bias", 30522],
    ["score.weight", 2, 2048],
    ["qa_outputs.bias", 2],
    ["proj_out.weight", 51865, 384],
    ["text_projection.weight", 512, 512],
    ["output.weight", 32000, 4096],
  ],
  other: [
    ["h.0.attn.bias", 1, 1, 1024, 1024],
    ["h.0.attn.masked_bias"],
    ["model.layers.0.self_attn.rotary_emb.inv_freq", 32],
    ["bert.embeddings.position_ids", 1, 512],
    ["logit_scale"],
    ["bert.pooler.dense.weight", 768, 768],
    ["model.encoder.conv1.weight", 384, 80, 3],
  ],
};

describe("tensor names", () => {
  for (const [name, prefix, layer, rest] of LAYERS) {
    it(`finds the layer in ${name}`, () => {
      const found = layerOf(name);
      assert.deepEqual(found, { prefix, layer, rest });
      assert.equal(withLayer(found, layer), name);
    });
  }

  it("finds no layer in a name without a number, or with one that follows no name", () => {
    for (const name of [
      "model.norm.weight",
      "lm_head",
      "",
      "0.1.weight",
      "3",
      "mlp.fc1.w",
      "a.-1.b",
      "a.07.b",
      "a.1e3.b",
      ".3.b",
    ]) {
      assert.equal(layerOf(name), undefined, name);
    }
  });

  it("numbers a name anew", () => {
    const name = layerOf("h.3.mlp.experts.3.w");
    assert.ok(name);
    assert.equal(withLayer(name, 11), "h.11.mlp.experts.3.w");
  });

  it("knows the language head and the token embedding of an architecture, and neither inside a layer", () => {
    const pairs = [
      ["lm_head.weight", "model.embed_tokens.weight"],
      ["lm_head.weight", "transformer.wte.weight"],
      ["cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"],
      ["embed_out.weight", "gpt_neox.embed_in.weight"],
      ["output.weight", "tok_embeddings.weight"],
      ["lm_head.weight", "shared.weight"],
    ] as const;
    for (const [head, embedding] of pairs) {
      assert.deepEqual([isLanguageHead(head), isTokenEmbedding(head)], [true, false], head);
      assert.deepEqual([isLanguageHead(embedding), isTokenEmbedding(embedding)], [false, true], embedding);
    }
    for (const name of [
      "h.0.output.weight",
      "classifier.weight",
      "model.embed_positions.weight",
      "lm_head.bias",
    ]) {
      assert.deepEqual([isLanguageHead(name), isTokenEmbedding(name)], [false, false], name);
    }
  });

  it("sorts every tensor of the glyph family as its published geometry does", async () => {
    const text = await readFile("test/fixtures/glyphs/geometry.json", "utf8");
    const { tensors } = JSON.parse(text) as { tensors: Record<string, { kind: string; shape: number[] }> };
    assert.equal(Object.keys(tensors).length, 73);
    for (const [name, { kind, shape }] of Object.entries(tensors))
      assert.equal(tensorKind(name, shape), kind, name);
  });

  for (const [kind, tensors] of Object.entries(KINDS)) {
    for (const [name, ...shape] of tensors) {
      it(`takes ${name} for ${kind}`, () => {
        assert.equal(tensorKind(name, shape), kind);
      });
    }
  }
});
