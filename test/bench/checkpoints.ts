import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { makeNormal, seedFromText } from "../fixtures/random.ts";
import { encodeHeader } from "../fixtures/write-safetensors.ts";

interface LlamaSizes {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  /** Rows of the key and value projections: key-value heads x head size. */
  readonly keyValue: number;
}

/** The shape of TinyLlama-1.1B, the same with a quarter of the parameters, and one for a quick look. */
export const SIZES: Readonly<Record<string, LlamaSizes>> = {
  "1.1B": { vocabulary: 32000, hidden: 2048, intermediate: 5632, layers: 22, keyValue: 256 },
  "0.3B": { vocabulary: 16000, hidden: 1024, intermediate: 2816, layers: 22, keyValue: 128 },
  tiny: { vocabulary: 500, hidden: 64, intermediate: 176, layers: 4, keyValue: 16 },
};

export interface Checkpoint {
  readonly folder: string;
  readonly file: string;
  readonly byteLength: number;
}

type NamedShape = readonly [name: string, shape: readonly number[]];

function tensorShapes({ vocabulary, hidden, intermediate, layers, keyValue }: LlamaSizes): NamedShape[] {
  const layer = (index: number): NamedShape[] => {
    const prefix = `model.layers.${String(index)}`;
    return [
      [`${prefix}.input_layernorm.weight`, [hidden]],
      [`${prefix}.mlp.down_proj.weight`, [hidden, intermediate]],
      [`${prefix}.mlp.gate_proj.weight`, [intermediate, hidden]],
      [`${prefix}.mlp.up_proj.weight`, [intermediate, hidden]],
      [`${prefix}.post_attention_layernorm.weight`, [hidden]],
      [`${prefix}.self_attn.k_proj.weight`, [keyValue, hidden]],
      [`${prefix}.self_attn.o_proj.weight`, [hidden, hidden]],
      [`${prefix}.self_attn.q_proj.weight`, [hidden, hidden]],
      [`${prefix}.self_attn.v_proj.weight`, [keyValue, hidden]],
    ];
  };
  return [
    ["lm_head.weight", [vocabulary, hidden]],
    ["model.embed_tokens.weight", [vocabulary, hidden]],
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    ["model.norm.weight", [hidden]],
  ];
}

/**
 * BF16 values of base and fine-tunes for one long block. Tensors are cut from it at different places, so that writing
 * billions of elements costs little more than the copy. The deltas share half of their variance.
 */
function makeBlocks(models: number, seed: number): Buffer[] {
  const length = 4_194_301; // a prime: cuts at multiples of anything else never line up
  const blocks = Array.from({ length: models }, () => new Uint16Array(length));
  const [base, shared, own] = ["base", "shared", "own"].map((part) => makeNormal(seedFromText(part, seed)));
  const scratch = new Float32Array(1);
  const bits = new Uint32Array(scratch.buffer);
  if (base === undefined || shared === undefined || own === undefined) return [];
  for (let i = 0; i < length; i++) {
    const centre = 0.02 * base();
    const direction = shared();
    blocks.forEach((block, model) => {
      scratch[0] = model === 0 ? centre : centre + 0.0015 * (direction + own());
      const word = bits[0] ?? 0;
      block[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    });
  }
  return blocks.map((block) => Buffer.from(block.buffer));
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

function writeModel(path: string, shapes: readonly NamedShape[], block: Buffer): void {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let end = 0;
  const lengths = shapes.map(([name, shape]) => {
    const byteLength = 2 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: "BF16", shape, data_offsets: [end, (end += byteLength)] };
    return byteLength;
  });
  const file = openSync(path, "w");
  try {
    writeAll(file, encodeHeader(header));
    shapes.forEach(([name], index) => {
      let from = 2 * (seedFromText(name) % (block.length / 2));
      for (let left = lengths[index] ?? 0; left > 0;) {
        const part = block.subarray(from, Math.min(block.length, from + left));
        writeAll(file, part);
        left -= part.length;
        from = 0;
      }
    });
  } finally {
    closeSync(file);
  }
}

/** Bytes of one model of this size. */
export function modelBytes(size: LlamaSizes): number {
  return tensorShapes(size).reduce(
    (total, [, shape]) => total + 2 * shape.reduce((product, length) => product * length, 1),
    0,
  );
}

/** Makes a base and two fine-tunes below `root`, or finds those of an earlier run with the same size and seed. */
export function makeCheckpoints(
  root: string,
  sizeName: string,
  size: LlamaSizes,
  seed: number,
): Checkpoint[] {
  const shapes = tensorShapes(size);
  const models = ["base", "ft1", "ft2"];
  const stamp = JSON.stringify({ sizeName, size, seed, models });
  const stampPath = join(root, "checkpoints.json");
  const found = existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp;
  const blocks = found ? [] : makeBlocks(models.length, seed);
  const checkpoints = models.map((name, model) => {
    const folder = join(root, name);
    const file = join(folder, "model.safetensors");
    const block = blocks[model];
    if (block !== undefined) {
      mkdirSync(folder, { recursive: true });
      writeModel(file, shapes, block);
      writeFileSync(join(folder, "config.json"), JSON.stringify(configOf(size)));
    }
    return { folder, file, byteLength: statSync(file).size };
  });
  writeFileSync(stampPath, stamp);
  return checkpoints;
}

function configOf({ vocabulary, hidden, intermediate, layers, keyValue }: LlamaSizes): object {
  const headSize = 64;
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: vocabulary,
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: layers,
    num_attention_heads: hidden / headSize,
    num_key_value_heads: Math.max(1, keyValue / headSize),
    tie_word_embeddings: false,
    torch_dtype: "bfloat16",
  };
}
