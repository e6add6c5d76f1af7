import { firstTokens } from "./block.ts";
import { loadTower } from "./vision.ts";
import { section } from "./weights.ts";
import type { BackendTensor } from "./arithmetic.ts";
import type { LoadContext, LoadNetwork, Network } from "./network.ts";
import type { Tokens } from "./block.ts";
import type { VisionForm, VisionTower } from "./vision.ts";
import type { WeightLoader } from "./weights.ts";
import { EvaluateError } from "../errors.ts";

const CLIP: VisionForm = {
  classToken: "vision_model.embeddings.class_embedding",
  positions: "vision_model.embeddings.position_embedding.weight",
  patches: "vision_model.embeddings.patch_embedding",
  // Spelt so in every checkpoint.
  firstNorm: "vision_model.pre_layrnorm",
  lastNorm: "vision_model.post_layernorm",
  blocks: "vision_model.encoder.layers.",
  namesOf: (block) => ({
    query: `${block}self_attn.q_proj`,
    key: `${block}self_attn.k_proj`,
    value: `${block}self_attn.v_proj`,
    out: `${block}self_attn.out_proj`,
    up: `${block}mlp.fc1`,
    down: `${block}mlp.fc2`,
    attentionNorm: `${block}layer_norm1`,
    mlpNorm: `${block}layer_norm2`,
  }),
  defaults: { heads: 12, eps: 1e-5, activation: "quick_gelu" },
  preparation: {
    resize: { shortestEdge: true, filter: "bicubic" },
    crop: true,
    mean: [0.48145466, 0.4578275, 0.40821073],
    deviation: [0.26862954, 0.26130258, 0.27577711],
  },
};

/** CLIP's logit scale before training, as a logarithm. */
const INITIAL_LOGIT_SCALE = 2.6592;

/** Mean of the patch tokens, then a classifier; the class token and the last LayerNorm are left out. */
export const loadClipClassifier: LoadNetwork = async ({ loader }) => {
  const tower = await loadTower(loader, CLIP, visionConfig(loader));
  const classifier = await loader.linear("classifier", tower.width);
  const { arithmetic } = loader;
  const head = ({ x, count, length }: Tokens) => {
    const all = arithmetic.reshape(x, [count, length, tower.width]);
    const patches = arithmetic.slice(all, [0, 1, 0], [count, length - 1, tower.width]);
    return tower.encoder.apply(arithmetic.mean(patches, 1), classifier);
  };
  return networkOf(loader, tower, classifier.out, head);
};

/** Cosines between the projected class token and text embeddings, times the learned scale. */
export const loadClipZeroShot: LoadNetwork = async ({ loader, head }) => {
  if (head === undefined) throw headMissing(loader);
  const tower = await loadTower(loader, CLIP, visionConfig(loader));
  const lastNorm = await tower.lastNorm();
  const projection = loader.has("visual_projection.weight")
    ? await loader.linear("visual_projection", tower.width)
    : undefined;
  const { arithmetic } = loader;
  const embeddings = holdEmbeddings({ loader, head }, projection?.out ?? tower.width);
  const scale = Math.exp(await logitScale(loader));
  return networkOf(loader, tower, head.classCount, (tokens) => {
    const pooled = tower.encoder.normalize(firstTokens(loader, tokens, tower.width), lastNorm);
    const image = projection === undefined ? pooled : tower.encoder.apply(pooled, projection);
    return arithmetic.multiply(arithmetic.linear(arithmetic.unit(image), embeddings), scale);
  });
};

function networkOf(
  loader: WeightLoader,
  tower: VisionTower,
  classCount: number,
  head: (tokens: Tokens) => BackendTensor,
): Network {
  return {
    classCount,
    async logits(inputs) {
      const patches = tower.prepare(inputs);
      return await loader.arithmetic.run(() => head(tower.tokens(patches, inputs.length)));
    },
  };
}

/** A whole CLIP has it below `vision_config`, a vision tower of its own at the top. */
function visionConfig({ model }: WeightLoader): LoadContext["loader"]["model"]["config"] {
  return { ...model.config, ...section(model.config, "vision_config") };
}

function holdEmbeddings({ loader, head }: Required<LoadContext>, width: number): BackendTensor {
  if (head.width !== width) {
    const message = `${head.file} has text embeddings of ${head.width} numbers; ${loader.model.name} has pictures' of ${width}`;
    const hint = "Make the embeddings with the text tower of the same CLIP model.";
    throw new EvaluateError("EVALUATE_HEAD", message, { where: head.file, hint });
  }
  const unit = Float32Array.from(head.values);
  for (let row = 0; row < head.classCount; row++) {
    const values = unit.subarray(row * width, (row + 1) * width);
    const norm = Math.hypot(...values);
    if (norm > 0) values.forEach((value, i) => (values[i] = value / norm));
  }
  return loader.keep(loader.arithmetic.holdLinear(unit, head.classCount, width));
}

async function logitScale(loader: WeightLoader): Promise<number> {
  const stated = loader.model.config["logit_scale_init_value"];
  const initial = typeof stated === "number" ? stated : INITIAL_LOGIT_SCALE;
  if (!loader.has("logit_scale")) return initial;
  const [scale] = await loader.values("logit_scale", loader.shape("logit_scale"));
  return scale ?? initial;
}

function headMissing(loader: WeightLoader): EvaluateError {
  const { name } = loader.model;
  return new EvaluateError("EVALUATE_HEAD", `${name} has no classifier, and no zero-shot head was given`, {
    where: name,
    hint: "Give --head FILE: a safetensors file with a matrix of text embeddings, one row a class, made with the model's text tower.",
  });
}
