import assert from "node:assert/strict";
import { layerOf, tensorKind } from "../../src/tensor/names.ts";
import type { TensorKind } from "../../src/tensor/names.ts";
import type { MergePlan } from "../../src/plan/types.ts";
import { clip, gpt2, llama } from "../fixtures/tiny-architectures.ts";
import type { TinyArchitecture } from "../fixtures/tiny-architectures.ts";
import { DECODERS } from "../fixtures/tiny-decoders.ts";
import { ENCODERS } from "../fixtures/tiny-encoders.ts";
import { PARTS } from "../fixtures/tiny-parts.ts";
import { headersOf, parameterOf, planOf, tensorOf } from "./build.ts";

/** The layer that a person would read out of a name: the number after one of these words. */
const LAYER =
  /(?:^|\.)(?:layers?|h|block|features|(?:down|up)_blocks|mid_block\.(?:resnets|attentions))\.(\d+)\./;
const ONE_STACK: Readonly<Record<string, TinyArchitecture>> = {
  llama: llama(3),
  "llama, tied": llama(3, true),
  gpt2: gpt2(3),
  "clip's image tower": clip(3),
  ...DECODERS,
  ...ENCODERS,
};
const ALL: Readonly<Record<string, TinyArchitecture>> = { ...ONE_STACK, ...PARTS };

const SAMPLES: Readonly<Record<string, Readonly<Record<string, TensorKind>>>> = {
  qwen2: { "model.layers.1.self_attn.q_proj.bias": "bias", "model.layers.1.mlp.up_proj.weight": "mlp" },
  qwen3: { "model.layers.0.self_attn.q_norm.weight": "norm", "lm_head.weight": "head" },
  gemma2: {
    "model.layers.2.post_feedforward_layernorm.weight": "norm",
    "model.embed_tokens.weight": "embedding",
  },
  phi3: {
    "model.layers.0.self_attn.qkv_proj.weight": "attention",
    "model.layers.0.mlp.gate_up_proj.weight": "mlp",
  },
  mixtral: { "model.layers.1.block_sparse_moe.experts.1.w2.weight": "mlp" },
  "fused experts": {
    "model.layers.1.mlp.experts.gate_up_proj": "mlp",
    "model.layers.1.mlp.gate.weight": "mlp",
  },
  "gpt2 with a head": {
    "transformer.h.1.attn.c_attn.weight": "attention",
    "transformer.wpe.weight": "embedding",
  },
  bert: { "bert.encoder.layer.1.output.dense.weight": "mlp", "classifier.bias": "head" },
  roberta: {
    "roberta.encoder.layer.1.attention.self.key.weight": "attention",
    "lm_head.layer_norm.bias": "norm",
  },
  vit: { "vit.embeddings.cls_token": "embedding", "vit.layernorm.weight": "norm" },
  cnn: { "features.1.bn.running_mean": "norm", "fc.weight": "head", "stem.conv.weight": "other" },
  t5: { "decoder.block.2.layer.1.EncDecAttention.q.weight": "attention", "shared.weight": "embedding" },
  whisper: {
    "model.decoder.layers.0.encoder_attn.q_proj.weight": "attention",
    "model.decoder.layers.0.fc1.weight": "mlp",
  },
  clip: { "text_projection.weight": "head", logit_scale: "other" },
  siglip: { "vision_model.head.probe": "head", "text_model.encoder.layers.1.mlp.fc2.weight": "mlp" },
  diffusion: {
    "up_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight": "attention",
    "conv_norm_out.weight": "norm",
  },
};

const models = (architecture: TinyArchitecture) => ["a", "b"].map((name) => headersOf(name, architecture));
const layerIn = (name: string) => {
  const found = LAYER.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
};
/** Bias and masks of no floats are copied, whatever the method. */
const merged = ({ tensors }: MergePlan) => tensors.filter(({ action }) => action === "merge");

describe("architectures by the names of their tensors", () => {
  for (const [title, architecture] of Object.entries(ALL)) {
    it(`are merged with a gradient over the layers: ${title}`, () => {
      const plan = planOf(
        {
          method: "linear",
          models: [
            { model: "a", parameters: { weight: [0, 1] } },
            { model: "b", parameters: { weight: 1 } },
          ],
        },
        models(architecture),
      );
      assert.deepEqual(
        plan.tensors.map(({ name }) => name),
        architecture.tensors.map(({ name }) => name),
      );
      const depths = new Map<string, number>();
      for (const { name, layer } of plan.tensors) {
        assert.equal(layer, layerIn(name), name);
        const prefix = layerOf(name)?.prefix ?? "";
        if (layer !== undefined) depths.set(prefix, Math.max(depths.get(prefix) ?? 0, layer + 1));
      }
      for (const tensor of merged(plan)) {
        const { name, layer } = tensor;
        const depth = depths.get(layerOf(name)?.prefix ?? "") ?? 1;
        const t = layer === undefined ? 0 : depth === 1 ? 1 : layer / (depth - 1);
        assert.equal(parameterOf(tensor, "weight")[0], t, name);
      }
      for (const [name, kind] of Object.entries(SAMPLES[title] ?? {}))
        assert.equal(tensorOf(plan, name).kind, kind, name);
      assert.equal(
        plan.output.parameterCount,
        architecture.tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      );
      assert.deepEqual(plan.configEdits, {});
    });
  }

  for (const [title, architecture] of Object.entries(ONE_STACK)) {
    it(`are restacked by slices: ${title}`, () => {
      const slice = (model: string, layers: readonly [number, number]) => ({ sources: [{ model, layers }] });
      const plan = planOf(
        { method: "passthrough", slices: [slice("a", [0, 2]), slice("b", [1, 3])] },
        models(architecture),
      );
      const origins = [
        ["a", 0],
        ["a", 1],
        ["b", 1],
        ["b", 2],
      ] as const;
      const ofLayer = (layer: number) => architecture.tensors.filter(({ name }) => layerIn(name) === layer);
      const rename = (name: string, from: number, to: number) =>
        name.replace(LAYER, (part) => part.replace(`.${from}.`, `.${to}.`));
      const expected = origins.flatMap(([model, from], to) =>
        ofLayer(from).map(({ name }) => [rename(name, from, to), model, name]),
      );
      const found = plan.tensors.flatMap(({ name, layer, inputs: [input] }) =>
        layer === undefined ? [] : [[name, plan.models[input?.model ?? -1]?.reference, input?.tensor]],
      );
      assert.deepEqual(found, expected);
      const outside = (names: readonly { readonly name: string }[]) =>
        names.flatMap(({ name }) => (layerIn(name) === undefined ? [name] : [])).sort();
      assert.deepEqual(outside(plan.tensors), outside(architecture.tensors));
      for (const {
        name,
        shape,
        layer,
        inputs: [input],
      } of plan.tensors) {
        const kind = tensorKind(name, shape);
        const model = plan.models[input?.model ?? -1]?.reference;
        if (layer === undefined && kind === "embedding") assert.equal(model, "a", name);
        if (layer === undefined && kind === "head") assert.equal(model, "b", name);
      }
      const [key] = Object.entries(architecture.config).filter(([name]) =>
        /^(?:num_hidden_layers|n_layer)$/.test(name),
      );
      if (key !== undefined) assert.equal(plan.configEdits[key[0]], 4);
    });
  }
});

describe("config.json of restacked layers", () => {
  const cut = (architecture: TinyArchitecture, ...ranges: (readonly [number, number])[]) =>
    planOf(
      { method: "passthrough", slices: ranges.map((layers) => ({ sources: [{ model: "a", layers }] })) },
      [headersOf("a", architecture)],
    );

  it("has lists of layers cut and repeated to match, and numbers that stand for the last layer", () => {
    assert.deepEqual(cut(DECODERS.qwen3, [0, 1]).configEdits, {
      num_hidden_layers: 1,
      layer_types: ["sliding_attention"],
    });
    assert.deepEqual(cut(DECODERS.qwen3, [0, 2], [1, 3]).configEdits, {
      num_hidden_layers: 4,
      layer_types: ["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
    });
    assert.deepEqual(cut(DECODERS.qwen2, [1, 3]).configEdits, { num_hidden_layers: 2, max_window_layers: 2 });
  });

  it("has lists of layer numbers counted anew", () => {
    const moe = DECODERS["fused experts"];
    assert.deepEqual(cut(moe, [1, 3]).configEdits, { num_hidden_layers: 2, mlp_only_layers: [] });
    assert.deepEqual(cut(moe, [0, 3], [0, 1]).configEdits, { num_hidden_layers: 4, mlp_only_layers: [0, 3] });
  });

  it("stays as it is where the layers only change places, but for lists of them", () => {
    assert.deepEqual(cut(DECODERS.mistral, [1, 3], [0, 1]).configEdits, {});
    assert.deepEqual(cut(DECODERS.gemma3, [1, 3], [0, 1]).configEdits, {
      layer_types: ["full_attention", "sliding_attention", "sliding_attention"],
    });
  });

  it("that counts no layers is warned of", () => {
    const silent = { ...DECODERS.mistral, config: { architectures: ["Unheard"] } };
    const { configEdits, warnings } = cut(silent, [0, 2]);
    assert.deepEqual(configEdits, {});
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["PLAN_LAYER_COUNT"],
    );
    assert.match(warnings[0]?.message ?? "", /counts the layers in model\.layers, .* 2 instead of 3/);
  });

  it("takes the number of layers from the part that has the stack", () => {
    const text = {
      ...DECODERS.mistral,
      config: { vision_config: { num_hidden_layers: 3 }, text_config: { num_hidden_layers: 3 } },
    };
    assert.deepEqual(cut(text, [0, 1]).configEdits, { "text_config.num_hidden_layers": 1 });
  });
});
