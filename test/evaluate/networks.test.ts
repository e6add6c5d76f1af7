import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { openEvaluator } from "../../src/evaluate/evaluator.ts";
import { isMergeError } from "../../src/errors.ts";
import { makeNormal } from "../fixtures/random.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { encodeSafetensors } from "../fixtures/write-safetensors.ts";
import { randomModel, splitOf } from "./memory-model.ts";
import { gelu, geluTanh, quickGelu, ReferenceNetwork, relu, silu } from "./reference-network.ts";
import type { BackendName, EvaluableModel, ModelInput, Picture } from "../../src/evaluate/types.ts";
import type { MemoryModel } from "./memory-model.ts";
import type { Rows } from "./reference-network.ts";

const WIDTH = 8;
const CLASSES = 5;
/** Pixels as they are: values in [0, 1]. */
const PLAIN = { do_resize: false, do_center_crop: false, do_normalize: false };

type Shapes = Record<string, readonly number[]>;

const linear = (name: string, inputs: number, out: number): Shapes => ({
  [`${name}.weight`]: [out, inputs],
  [`${name}.bias`]: [out],
});
const norm = (name: string): Shapes => ({ [`${name}.weight`]: [WIDTH], [`${name}.bias`]: [WIDTH] });

function picture(seed: number, size: number): Picture {
  const normal = makeNormal(seed);
  const bytes = Uint8Array.from({ length: size * size * 3 }, () => 128 + 60 * normal());
  return { kind: "picture", height: size, width: size, channels: 3, bytes };
}

/** [channel][y][x], values in [0, 1]. */
const pixelsOf = ({ height, width, bytes }: Picture): Rows[] =>
  [0, 1, 2].map((c) =>
    Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_value, x) => (bytes[(y * width + x) * 3 + c] ?? 0) / 255),
    ),
  );

async function logitsOf(
  model: EvaluableModel,
  inputs: readonly ModelInput[],
  options: { readonly batch?: number; readonly head?: string; readonly backends?: BackendName[] } = {},
): Promise<number[][]> {
  const evaluator = await openEvaluator({ ...options, keepLogits: true });
  try {
    const { logits = new Float32Array() } = await evaluator.evaluate(model, splitOf(inputs));
    const width = logits.length / inputs.length;
    return inputs.map((_, i) => Array.from(logits.subarray(i * width, (i + 1) * width)));
  } finally {
    await evaluator.close();
  }
}

function assertNear(got: Rows, expected: Rows, tolerance = 2e-5): void {
  assert.deepEqual([got.length, got[0]?.length], [expected.length, expected[0]?.length]);
  expected.forEach((row, i) =>
    row.forEach((value, j) => {
      const off = Math.abs(value - (got[i]?.[j] ?? NaN));
      assert.ok(
        off <= tolerance * Math.max(1, Math.abs(value)),
        `[${i}, ${j}]: ${got[i]?.[j]}, not ${value}`,
      );
    }),
  );
}

const CLIP_BLOCK = (i: number) => {
  const block = `vision_model.encoder.layers.${i}.`;
  return {
    query: `${block}self_attn.q_proj`,
    key: `${block}self_attn.k_proj`,
    value: `${block}self_attn.v_proj`,
    out: `${block}self_attn.out_proj`,
    up: `${block}mlp.fc1`,
    down: `${block}mlp.fc2`,
    before: `${block}layer_norm1`,
    after: `${block}layer_norm2`,
  };
};
const VIT_BLOCK = (i: number) => {
  const block = `vit.encoder.layer.${i}.`;
  return {
    query: `${block}attention.attention.query`,
    key: `${block}attention.attention.key`,
    value: `${block}attention.attention.value`,
    out: `${block}attention.output.dense`,
    up: `${block}intermediate.dense`,
    down: `${block}output.dense`,
    before: `${block}layernorm_before`,
    after: `${block}layernorm_after`,
  };
};

const blockShapes = (names: ReturnType<typeof CLIP_BLOCK>): Shapes => ({
  ...linear(names.query, WIDTH, WIDTH),
  ...linear(names.key, WIDTH, WIDTH),
  ...linear(names.value, WIDTH, WIDTH),
  ...linear(names.out, WIDTH, WIDTH),
  ...linear(names.up, WIDTH, 2 * WIDTH),
  ...linear(names.down, 2 * WIDTH, WIDTH),
  ...norm(names.before),
  ...norm(names.after),
});

const VIT_SHAPES: Shapes = {
  "vit.embeddings.cls_token": [1, 1, WIDTH],
  "vit.embeddings.position_embeddings": [1, 10, WIDTH],
  "vit.embeddings.patch_embeddings.projection.weight": [WIDTH, 3, 4, 4],
  "vit.embeddings.patch_embeddings.projection.bias": [WIDTH],
  ...blockShapes(VIT_BLOCK(0)),
  ...blockShapes(VIT_BLOCK(1)),
  ...norm("vit.layernorm"),
  ...linear("classifier", WIDTH, CLASSES),
};

function vitLogits(
  model: MemoryModel,
  picture: Picture,
  settings: { act: (x: number) => number; eps?: number },
) {
  const network = new ReferenceNetwork(model.weights, { heads: 2, eps: 1e-12, ...settings });
  const tokens = network.visionTokens(
    pixelsOf(picture),
    {
      classToken: "vit.embeddings.cls_token",
      positions: "vit.embeddings.position_embeddings",
      patches: "vit.embeddings.patch_embeddings.projection",
      patchBias: true,
      blocks: [VIT_BLOCK(0), VIT_BLOCK(1)],
    },
    4,
  );
  return network.linear(network.norm(tokens.slice(0, 1), "vit.layernorm"), "classifier")[0] ?? [];
}

const CLIP_SHAPES: Shapes = {
  "vision_model.embeddings.class_embedding": [WIDTH],
  "vision_model.embeddings.position_embedding.weight": [5, WIDTH],
  "vision_model.embeddings.patch_embedding.weight": [WIDTH, 3, 2, 2],
  ...norm("vision_model.pre_layrnorm"),
  ...blockShapes(CLIP_BLOCK(0)),
  ...blockShapes(CLIP_BLOCK(1)),
  ...norm("vision_model.post_layernorm"),
};

function clipTokens(model: MemoryModel, picture: Picture): { network: ReferenceNetwork; tokens: Rows } {
  const network = new ReferenceNetwork(model.weights, { heads: 2, eps: 1e-5, act: quickGelu });
  const names = {
    classToken: "vision_model.embeddings.class_embedding",
    positions: "vision_model.embeddings.position_embedding.weight",
    patches: "vision_model.embeddings.patch_embedding",
    patchBias: false,
    firstNorm: "vision_model.pre_layrnorm",
    blocks: [CLIP_BLOCK(0), CLIP_BLOCK(1)],
  };
  return { network, tokens: network.visionTokens(pixelsOf(picture), names, 2) };
}

describe("A network", () => {
  const inFolder = useTemporaryFolder();
  const vit = { architectures: ["ViTForImageClassification"], num_attention_heads: 2 };
  const pictures = [1, 2, 3].map((seed) => picture(seed, 12));

  for (const [name, act] of Object.entries({
    gelu,
    gelu_new: geluTanh,
    gelu_pytorch_tanh: geluTanh,
    relu,
    silu,
    quick_gelu: quickGelu,
  })) {
    it(`of ViTForImageClassification gives the logits of a float64 forward pass, with ${name}`, async () => {
      const model = randomModel({ ...vit, hidden_act: name }, VIT_SHAPES, PLAIN);
      assertNear(
        await logitsOf(model, pictures),
        pictures.map((each) => vitLogits(model, each, { act })),
      );
    });
  }

  it("takes the eps of its config, and heads that divide the width only", async () => {
    const model = randomModel({ ...vit, layer_norm_eps: 0.5 }, VIT_SHAPES, PLAIN);
    assertNear(
      await logitsOf(model, pictures),
      pictures.map((each) => vitLogits(model, each, { act: gelu, eps: 0.5 })),
    );
    const odd = randomModel({ ...vit, num_attention_heads: 3 }, VIT_SHAPES, PLAIN);
    await assert.rejects(logitsOf(odd, pictures), /3 attention heads for a width of 8/);
  });

  it("gives the same on plain JavaScript, and whatever the size of the batches", async () => {
    const model = randomModel(vit, VIT_SHAPES, PLAIN);
    const expected = pictures.map((each) => vitLogits(model, each, { act: gelu }));
    assertNear(await logitsOf(model, pictures, { backends: ["cpu"] }), expected);
    assertNear(await logitsOf(model, pictures, { batch: 2 }), expected);
    assertNear(await logitsOf(model, pictures, { batch: 1 }), expected);
  });

  it("of CLIPForImageClassification classifies the mean of the patches", async () => {
    const config = {
      architectures: ["CLIPForImageClassification"],
      vision_config: { num_attention_heads: 2 },
    };
    const model = randomModel(config, { ...CLIP_SHAPES, ...linear("classifier", WIDTH, CLASSES) }, PLAIN);
    const small = [4, 5].map((seed) => picture(seed, 4));
    const expected = small.map((each) => {
      const { network, tokens } = clipTokens(model, each);
      const patches = tokens.slice(1);
      const mean = Array.from(
        { length: WIDTH },
        (_, j) => patches.reduce((sum, row) => sum + (row[j] ?? NaN), 0) / 4,
      );
      return network.linear([mean], "classifier")[0] ?? [];
    });
    assertNear(await logitsOf(model, small), expected);
  });

  it("of CLIPModel gives scaled cosines between the picture and the text embeddings of a head", async () => {
    const shapes = { ...CLIP_SHAPES, "visual_projection.weight": [6, WIDTH], logit_scale: [] };
    const config = { architectures: ["CLIPModel"], vision_config: { num_attention_heads: 2 } };
    const model = randomModel(config, shapes, PLAIN);
    const normal = makeNormal(7);
    const values = Float32Array.from({ length: CLASSES * 6 }, normal);
    const head = inFolder("head.safetensors");
    await writeFile(
      head,
      encodeSafetensors({ text_embeddings: { dtype: "F32", shape: [CLASSES, 6], values } }),
    );
    const small = [8, 9].map((seed) => picture(seed, 4));
    const unit = (x: readonly number[]) => x.map((value) => value / Math.hypot(...x));
    const scale = Math.exp(model.weights("logit_scale").values[0] ?? NaN);
    const expected = small.map((each) => {
      const { network, tokens } = clipTokens(model, each);
      const pooled = network.norm(tokens.slice(0, 1), "vision_model.post_layernorm");
      const image = unit(network.linear(pooled, "visual_projection", false)[0] ?? []);
      return Array.from({ length: CLASSES }, (_, row) => {
        const text = unit(Array.from(values.slice(row * 6, (row + 1) * 6)));
        return scale * text.reduce((sum, value, i) => sum + value * (image[i] ?? NaN), 0);
      });
    });
    assertNear(await logitsOf(model, small, { head }), expected);
    await assert.rejects(logitsOf(model, small), (error) => isMergeError(error, "EVALUATE_HEAD"));
    const tower = randomModel(
      { architectures: ["CLIPVisionModel"], num_attention_heads: 2 },
      CLIP_SHAPES,
      PLAIN,
    );
    await assert.rejects(
      logitsOf(tower, small, { head }),
      /embeddings of 6 numbers; random has pictures' of 8/,
    );
  });

  it("of BertForSequenceClassification gives the logits of a float64 forward pass, padded or not", async () => {
    const block = (i: number): Shapes => {
      const name = `bert.encoder.layer.${i}.`;
      return {
        ...linear(`${name}attention.self.query`, WIDTH, WIDTH),
        ...linear(`${name}attention.self.key`, WIDTH, WIDTH),
        ...linear(`${name}attention.self.value`, WIDTH, WIDTH),
        ...linear(`${name}attention.output.dense`, WIDTH, WIDTH),
        ...norm(`${name}attention.output.LayerNorm`),
        ...linear(`${name}intermediate.dense`, WIDTH, 2 * WIDTH),
        ...linear(`${name}output.dense`, 2 * WIDTH, WIDTH),
        ...norm(`${name}output.LayerNorm`),
      };
    };
    const shapes: Shapes = {
      "bert.embeddings.word_embeddings.weight": [20, WIDTH],
      "bert.embeddings.position_embeddings.weight": [7, WIDTH],
      "bert.embeddings.token_type_embeddings.weight": [2, WIDTH],
      ...norm("bert.embeddings.LayerNorm"),
      ...block(0),
      ...block(1),
      ...linear("bert.pooler.dense", WIDTH, WIDTH),
      ...linear("classifier", WIDTH, 3),
    };
    const config = { architectures: ["BertForSequenceClassification"], num_attention_heads: 4 };
    const model = randomModel(config, shapes);
    const texts = [
      { ids: [3, 7, 19, 0, 4], types: [0, 0, 1, 1, 1], mask: [1, 1, 1, 1, 1] },
      { ids: [1, 2], types: [0, 0], mask: [1, 1] },
      { ids: [5, 6, 9, 0, 0, 0], types: [0, 1, 1, 0, 0, 0], mask: [1, 1, 1, 0, 0, 0] },
    ];
    const network = new ReferenceNetwork(model.weights, { heads: 4, eps: 1e-12, act: gelu });
    const expected = texts.map(({ ids, types, mask }) => {
      const first = network.bertTokens(ids, types, mask, 2).slice(0, 1);
      const pooled = network.linear(first, "bert.pooler.dense").map((row) => row.map(Math.tanh));
      return network.linear(pooled, "classifier")[0] ?? [];
    });
    const inputs = texts.map(({ ids, types, mask }) => ({
      kind: "tokens" as const,
      ids: Int32Array.from(ids),
      types: Int32Array.from(types),
      mask: Int32Array.from(mask),
    }));
    assertNear(await logitsOf(model, inputs), expected);
    const [first] = inputs;
    assert.ok(first);
    const unknown = { ...first, ids: Int32Array.of(3, 20, 1, 1, 1) };
    await assert.rejects(logitsOf(model, [unknown]), /has 20 tokens; the data name number 20/);
    await assert.rejects(logitsOf(model, [picture(1, 4)]), /takes tokens; the data hold pictures/);
  });

  it("of an MLP takes features, or pictures as rows of pixels, channel after channel", async () => {
    const shapes = {
      ...linear("layers.0", 12, 6),
      ...linear("layers.2", 6, 6),
      ...linear("layers.10", 6, CLASSES),
    };
    const model = randomModel({ architectures: ["MLP"], hidden_act: "tanh" }, shapes);
    const network = new ReferenceNetwork(model.weights, { heads: 1, eps: 0, act: Math.tanh });
    const reference = (values: readonly number[]) => {
      const first = network.linear([values], "layers.0").map((row) => row.map(Math.tanh));
      const second = network.linear(first, "layers.2").map((row) => row.map(Math.tanh));
      return network.linear(second, "layers.10")[0] ?? [];
    };
    const normal = makeNormal(3);
    const features = Float32Array.from({ length: 12 }, normal);
    assertNear(await logitsOf(model, [{ kind: "features", values: features }]), [reference([...features])]);
    const small = picture(6, 2);
    assertNear(await logitsOf(model, [small]), [reference(pixelsOf(small).flat(2))]);
    await assert.rejects(
      logitsOf(model, [{ kind: "features", values: features.slice(1) }]),
      /takes 12 numbers/,
    );
  });

  it("is refused where no table has its architecture, with the way out", async () => {
    for (const [config, what] of [
      [
        { architectures: ["LlamaForCausalLM"] },
        /is a LlamaForCausalLM; Stockpot runs CLIPForImageClassification/,
      ],
      [{}, /names no architecture/],
    ] as const) {
      await assert.rejects(logitsOf(randomModel(config, {}), pictures), (error) => {
        assert.ok(isMergeError(error, "EVALUATE_UNSUPPORTED"));
        assert.match(error.message, what);
        assert.match(error.hint ?? "", /command/);
        return true;
      });
    }
  });

  it("names the tensor that is missing, or has another shape", async () => {
    const lacking = Object.fromEntries(
      Object.entries(VIT_SHAPES).filter(([name]) => name !== "vit.layernorm.bias"),
    );
    await assert.rejects(
      logitsOf(randomModel(vit, lacking, PLAIN), pictures),
      /lacks the tensor vit\.layernorm\.b/,
    );
    const wrong = { ...VIT_SHAPES, "vit.encoder.layer.1.output.dense.weight": [WIDTH, WIDTH] };
    await assert.rejects(
      logitsOf(randomModel(vit, wrong, PLAIN), pictures),
      /layer\.1\.output\.dense\.weight in the shape \[8, 8\] rather than \[8, 16\]/,
    );
  });

  it("is refused where it gives NaN, rather than counted wrong", async () => {
    const model = randomModel(vit, VIT_SHAPES, PLAIN);
    model.weights("classifier.bias").values[2] = NaN;
    await assert.rejects(logitsOf(model, pictures), /gives NaN on inputs/);
  });
});
