import { firstTokens } from "./block.ts";
import { loadTower } from "./vision.ts";
import type { LoadNetwork } from "./network.ts";
import type { VisionForm } from "./vision.ts";

const VIT: VisionForm = {
  classToken: "vit.embeddings.cls_token",
  positions: "vit.embeddings.position_embeddings",
  patches: "vit.embeddings.patch_embeddings.projection",
  lastNorm: "vit.layernorm",
  blocks: "vit.encoder.layer.",
  namesOf: (block) => ({
    query: `${block}attention.attention.query`,
    key: `${block}attention.attention.key`,
    value: `${block}attention.attention.value`,
    out: `${block}attention.output.dense`,
    up: `${block}intermediate.dense`,
    down: `${block}output.dense`,
    attentionNorm: `${block}layernorm_before`,
    mlpNorm: `${block}layernorm_after`,
  }),
  defaults: { heads: 12, eps: 1e-12, activation: "gelu" },
  preparation: {
    resize: { shortestEdge: false, filter: "bilinear" },
    crop: false,
    mean: [0.5, 0.5, 0.5],
    deviation: [0.5, 0.5, 0.5],
  },
};

/** The class token after the last LayerNorm, then a classifier. */
export const loadVit: LoadNetwork = async ({ loader }) => {
  const tower = await loadTower(loader, VIT, loader.model.config);
  const lastNorm = await tower.lastNorm();
  const classifier = await loader.linear("classifier", tower.width);
  return {
    classCount: classifier.out,
    async logits(inputs) {
      const patches = tower.prepare(inputs);
      return await loader.arithmetic.run(() => {
        const first = firstTokens(loader, tower.tokens(patches, inputs.length), tower.width);
        return tower.encoder.apply(tower.encoder.normalize(first, lastNorm), classifier);
      });
    },
  };
};
