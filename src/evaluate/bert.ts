import { Encoder, firstTokens, loadBlocks } from "./block.ts";
import { inputsOf } from "./network.ts";
import { blockSettings } from "./weights.ts";
import type { Arithmetic, BackendTensor } from "./arithmetic.ts";
import type { BlockNames, Tokens } from "./block.ts";
import type { LoadNetwork } from "./network.ts";
import type { BlockSettings, WeightLoader } from "./weights.ts";
import type { TokenSequence } from "./types.ts";

const DEFAULTS: BlockSettings = { heads: 12, eps: 1e-12, activation: "gelu" };
const EMBEDDINGS = "bert.embeddings.";
/** What keeps a padded place out of a softmax. */
const MASKED = -1e9;

const namesOf = (block: string): BlockNames => ({
  query: `${block}attention.self.query`,
  key: `${block}attention.self.key`,
  value: `${block}attention.self.value`,
  out: `${block}attention.output.dense`,
  up: `${block}intermediate.dense`,
  down: `${block}output.dense`,
  attentionNorm: `${block}attention.output.LayerNorm`,
  mlpNorm: `${block}output.LayerNorm`,
});

interface Embedding {
  readonly matrix: BackendTensor;
  readonly rows: number;
}

/** First token through the pooler and tanh, then a classifier. */
export const loadBert: LoadNetwork = async ({ loader }) => {
  const { arithmetic } = loader;
  const width = loader.shape(`${EMBEDDINGS}word_embeddings.weight`)[1] ?? 0;
  const embed = await loadEmbeddings(loader, width);
  const norm = await loader.norm(`${EMBEDDINGS}LayerNorm`, width);
  const blocks = await loadBlocks(loader, "bert.encoder.layer.", namesOf, width);
  const pooler = await loader.linear("bert.pooler.dense", width, width);
  const classifier = await loader.linear("classifier", width);
  const encoder = new Encoder(loader, blockSettings(loader, loader.model.config, DEFAULTS), width);
  return {
    classCount: classifier.out,
    async logits(inputs) {
      const batch = pad(inputsOf(inputs, "tokens", (what) => loader.fault(what)));
      embed.check(batch);
      return await arithmetic.run(() => {
        const start = { x: encoder.normalize(embed.run(batch), norm), ...batch };
        const mask = arithmetic.input(batch.mask, [batch.count, 1, 1, batch.length]);
        const last = blocks.reduce<Tokens>((state, block) => encoder.postNorm(state, block, mask), start);
        const pooled = encoder.apply(firstTokens(loader, last, width), pooler);
        return encoder.apply(arithmetic.activate(pooled, "tanh"), classifier);
      });
    },
  };
};

interface Batch {
  readonly count: number;
  readonly length: number;
  /** [count * length] each. */
  readonly ids: Int32Array;
  readonly types: Int32Array;
  /** 0 where a token counts. */
  readonly mask: Float32Array;
}

/** Sequences of one batch to the length of the longest. */
function pad(sequences: readonly TokenSequence[]): Batch {
  const count = sequences.length;
  const length = Math.max(1, ...sequences.map(({ ids }) => ids.length));
  const ids = new Int32Array(count * length);
  const types = new Int32Array(count * length);
  const mask = new Float32Array(count * length).fill(MASKED);
  for (const [row, sequence] of sequences.entries()) {
    ids.set(sequence.ids, row * length);
    types.set(sequence.types, row * length);
    sequence.mask.forEach((counts, i) => (mask[row * length + i] = counts === 0 ? MASKED : 0));
  }
  return { count, length, ids, types, mask };
}

interface Embeddings {
  /** Throws EvaluateError for a token, type or place that the model has no row for. */
  check(batch: Batch): void;
  run(batch: Batch): BackendTensor;
}

async function loadEmbeddings(loader: WeightLoader, width: number): Promise<Embeddings> {
  const load = async (name: string): Promise<Embedding> => {
    const rows = loader.shape(`${EMBEDDINGS}${name}.weight`)[0] ?? 0;
    return { matrix: await loader.tensor(`${EMBEDDINGS}${name}.weight`, [rows, width]), rows };
  };
  const words = await load("word_embeddings");
  const places = await load("position_embeddings");
  const types = await load("token_type_embeddings");
  const within = (ids: Int32Array, { rows }: Embedding, what: string) => {
    const wrong = ids.find((id) => id < 0 || id >= rows);
    if (wrong !== undefined) throw loader.fault(`has ${rows} ${what}; the data name number ${wrong}`);
  };
  return {
    check({ ids, types: kinds, length }) {
      within(ids, words, "tokens");
      within(kinds, types, "token types");
      within(Int32Array.of(length - 1), places, "positions");
    },
    run: (batch) => sum(loader.arithmetic, batch, { words, places, types }),
  };
}

function sum(
  arithmetic: Arithmetic,
  { count, length, ids, types: kinds }: Batch,
  { words, places, types }: Record<"words" | "places" | "types", Embedding>,
): BackendTensor {
  const positions = Int32Array.from({ length: count * length }, (_, i) => i % length);
  const named = arithmetic.add(arithmetic.rows(words.matrix, ids), arithmetic.rows(types.matrix, kinds));
  return arithmetic.add(named, arithmetic.rows(places.matrix, positions));
}
